"""One contract module per table. ALL_TABLES lists them in the order of the flow.

A new table is one line of the imports and one of ALL_TABLES.
"""

from warehouse.contracts import Table
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_click_views import BRONZE_CLICK_VIEWS
from warehouse.tables.bronze_event_values import BRONZE_EVENT_VALUES
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_landed_files import BRONZE_LANDED_FILES
from warehouse.tables.bronze_landed_money import BRONZE_LANDED_MONEY
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.bronze_quarantine import BRONZE_QUARANTINE
from warehouse.tables.bronze_refused_rows import BRONZE_REFUSED_ROWS
from warehouse.tables.bronze_skan_postbacks import BRONZE_SKAN_POSTBACKS
from warehouse.tables.gold_ad_abuse import GOLD_AD_ABUSE
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS
from warehouse.tables.gold_channel_effects import GOLD_CHANNEL_EFFECTS
from warehouse.tables.gold_channel_performance import GOLD_CHANNEL_PERFORMANCE
from warehouse.tables.gold_channel_transitions import GOLD_CHANNEL_TRANSITIONS
from warehouse.tables.gold_channel_value import GOLD_CHANNEL_VALUE
from warehouse.tables.gold_churn import GOLD_CHURN
from warehouse.tables.gold_churn_reliability import GOLD_CHURN_RELIABILITY
from warehouse.tables.gold_cohort_value import GOLD_COHORT_VALUE
from warehouse.tables.gold_conversion_links import GOLD_CONVERSION_LINKS
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE
from warehouse.tables.gold_early_value import GOLD_EARLY_VALUE
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY
from warehouse.tables.gold_path_summary import GOLD_PATH_SUMMARY
from warehouse.tables.gold_person_features import GOLD_PERSON_FEATURES
from warehouse.tables.gold_retention_list import GOLD_RETENTION_LIST
from warehouse.tables.gold_retention_profit import GOLD_RETENTION_PROFIT
from warehouse.tables.gold_skan_performance import GOLD_SKAN_PERFORMANCE
from warehouse.tables.gold_tracking_losses import GOLD_TRACKING_LOSSES
from warehouse.tables.gold_unattributed_conversions import GOLD_UNATTRIBUTED_CONVERSIONS
from warehouse.tables.gold_unmatched_spend import GOLD_UNMATCHED_SPEND
from warehouse.tables.gold_value_backtest import GOLD_VALUE_BACKTEST
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS
from warehouse.tables.ops_digests import OPS_DIGESTS
from warehouse.tables.ops_model_monitor import OPS_MODEL_MONITOR
from warehouse.tables.ops_published import OPS_PUBLISHED
from warehouse.tables.ops_quality_results import OPS_QUALITY_RESULTS
from warehouse.tables.ops_questions import OPS_QUESTIONS
from warehouse.tables.ops_run_log import OPS_RUN_LOG
from warehouse.tables.silver_activity import SILVER_ACTIVITY
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_aliases import SILVER_ALIASES
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_identities import SILVER_IDENTITIES
from warehouse.tables.silver_journeys import SILVER_JOURNEYS
from warehouse.tables.silver_money_ledger import SILVER_MONEY_LEDGER
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_robots import SILVER_ROBOTS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE
from warehouse.tables.silver_source_findings import SILVER_SOURCE_FINDINGS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

ALL_TABLES: tuple[Table, ...] = (
    BRONZE_LANDED_FILES,
    BRONZE_LANDED_MONEY,
    BRONZE_EVENT_VALUES,
    BRONZE_EVENTS,
    BRONZE_ORDERS,
    BRONZE_AD_SPEND,
    BRONZE_CLICK_VIEWS,
    BRONZE_SKAN_POSTBACKS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_QUARANTINE,
    BRONZE_REFUSED_ROWS,
    SILVER_ALIASES,
    SILVER_IDENTITIES,
    SILVER_SESSIONS,
    SILVER_ROBOTS,
    SILVER_TOUCHPOINTS,
    SILVER_SOURCE_FINDINGS,
    SILVER_ACTIVITY,
    SILVER_ORDERS,
    SILVER_CONVERSIONS,
    SILVER_AD_SPEND,
    SILVER_SET_ASIDE,
    SILVER_MONEY_LEDGER,
    SILVER_JOURNEYS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_UNMATCHED_SPEND,
    GOLD_AD_ABUSE,
    GOLD_PATH_SUMMARY,
    GOLD_CONVERSION_LINKS,
    GOLD_SKAN_PERFORMANCE,
    GOLD_UNATTRIBUTED_CONVERSIONS,
    GOLD_TRACKING_LOSSES,
    GOLD_CHANNEL_EFFECTS,
    GOLD_CHANNEL_TRANSITIONS,
    GOLD_CUSTOMER_SUMMARY,
    GOLD_CUSTOMER_VALUE,
    GOLD_VALUE_TOTALS,
    GOLD_COHORT_VALUE,
    GOLD_CHANNEL_VALUE,
    GOLD_FORECAST_ACCURACY,
    GOLD_VALUE_BACKTEST,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
    GOLD_PERSON_FEATURES,
    GOLD_CHURN,
    GOLD_CHURN_RELIABILITY,
    GOLD_EARLY_VALUE,
    OPS_RUN_LOG,
    OPS_PUBLISHED,
    OPS_QUALITY_RESULTS,
    OPS_DIGESTS,
    OPS_MODEL_MONITOR,
    OPS_QUESTIONS,
)

TABLES: dict[str, Table] = {table.full_name: table for table in ALL_TABLES}
