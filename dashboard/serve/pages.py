"""The pages in the order of the menu."""

from __future__ import annotations

from dashboard.serve import (
    changes_page,
    channels_page,
    churn_page,
    customers_page,
    data_page,
    dictionary_page,
    models_page,
    overview_page,
    paths_page,
    runs_page,
    value_page,
)
from dashboard.serve.api_page import api_page
from dashboard.serve.page import Page

OF_FIGURES: tuple[Page, ...] = (
    overview_page.PAGE,
    changes_page.PAGE,
    channels_page.PAGE,
    paths_page.PAGE,
    customers_page.PAGE,
    churn_page.PAGE,
    value_page.PAGE,
    models_page.PAGE,
    data_page.PAGE,
    runs_page.PAGE,
    dictionary_page.PAGE,
)
PAGES = (*OF_FIGURES, api_page(OF_FIGURES))
