"""Orders of any shop as a CSV with one row per order; common headers are known, others are named by `columns`."""

from __future__ import annotations

from dataclasses import replace

from intake.adapters.orders import orders

ADAPTER = replace(
    orders.ADAPTER,
    names={
        "order_id": (
            "order id", "order number", "order no", "order no.", "order #", "order", "invoice", "invoice number",
            "invoiceno", "transaction id", "transaction_id", "주문번호", "주문 번호",
        ),
        "user_id": (
            "customer id", "customer_id", "customerid", "user id", "member id", "email", "e-mail", "customer email",
            "회원아이디", "주문자 아이디", "주문자ID", "구매자ID", "이메일",
        ),
        "anonymous_id": ("device id", "client id", "client_id", "cookie id"),
        "order_ts": (
            "order date", "order_date", "date", "created at", "created_at", "order time", "ordered at", "invoicedate",
            "주문일시", "주문일", "결제일",
        ),
        "value": (
            "total", "order total", "order_total", "amount", "revenue", "grand total", "total price", "총 주문금액",
            "결제금액", "총 결제금액", "주문금액",
        ),
        "currency": ("currency code", "order currency", "order_currency", "통화"),
        "status": ("order status", "order_status", "financial status", "payment status", "주문상태", "주문 상태"),
        "refunded_value": ("refunded amount", "refund amount", "refunded", "refunded_total", "환불금액"),
        "items": ("quantity", "item count", "items sold", "수량"),
        "updated_at": ("updated at", "last modified", "modified at", "date modified", "수정일"),
    },
)  # fmt: skip
