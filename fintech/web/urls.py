"""Paths of the doors for people: the dashboard and the hosted page."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from fintech.web import converters, listings, messages, states
from fintech.web.checkout import pages as checkout
from fintech.web.dashboard import (
    actions,
    approvals,
    customers,
    events,
    exports,
    home,
    keys,
    links,
    listing,
    money,
    payments,
    proofs,
    requests,
    session,
    simulate,
    statements,
    team,
    webhooks,
)

register_converter(converters.PaymentId, "pi")
register_converter(converters.ChargeId, "ch")
register_converter(converters.CustomerId, "cus")

_dashboard = [
    path("", home.home, name="home"),
    path("search", payments.search, name="search"),
    path("merchant", session.switch, name="switch"),
    path("theme", session.theme, name="theme"),
    path("payments", payments.listing, name="payments"),
    path("payments/export", exports.export, name="export"),
    path("payments/views", exports.save_view, name="views"),
    path("exports", exports.listing, name="exports"),
    path("exports/ask", exports.ask, name="ask-export"),
    path("exports/progress", exports.fragment, name="export-progress"),
    path("exports/<uuid:export_id>", exports.file, name="export-file"),
    path("exports/<uuid:export_id>/cancel", exports.cancel, name="cancel-export"),
    path("payments/<pi:payment_id>", payments.page, name="payment"),
    path("payments/<pi:payment_id>/timeline", payments.fragment, name="timeline"),
    path("payments/<pi:payment_id>/raw", payments.raw, name="raw"),
    path("payments/<pi:payment_id>/proof", proofs.page, name="proof"),
    path("payments/<pi:payment_id>/refund", actions.refund, name="refund"),
    path("payments/<pi:payment_id>/capture", actions.capture, name="capture"),
    path("payments/<pi:payment_id>/cancel", actions.cancel, name="cancel"),
    path("refunds", listing.refunds, name="refunds"),
    path("customers", listing.customers, name="customers"),
    path("customers/<cus:customer_id>", customers.page, name="customer"),
    path("links", links.listing, name="links"),
    path("links/<uuid:link_id>", links.switch, name="switch-link"),
    path("links/<uuid:link_id>/qr", links.qr, name="qr"),
    path("test-payment", links.test_payment, name="test-payment"),
    path("balance", money.balance, name="balance"),
    path("simulate", simulate.page, name="simulate"),
    path("simulate/payment", simulate.play, name="play"),
    path("simulate/clock", simulate.advance, name="advance"),
    path("statements", statements.listing, name="statements"),
    path("statements/<str:month>/<str:currency>", statements.page, name="statement"),
    path("wallets", money.wallets, name="wallets"),
    path("keys", keys.listing, name="keys"),
    path("keys/<uuid:key_id>/roll", keys.roll, name="roll-key"),
    path("keys/<uuid:key_id>/revoke", keys.revoke, name="revoke-key"),
    path("webhooks", webhooks.listing, name="webhooks"),
    path("webhooks/check", events.check, name="check-signature"),
    path("webhooks/figures", webhooks.figures, name="telling"),
    path("events", events.listing, name="events"),
    path("events/<uuid:event_id>", events.event, name="event"),
    path("webhooks/<uuid:endpoint_id>", webhooks.endpoint, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/change", webhooks.change, name="change-webhook"),
    path("requests", requests.listing, name="requests"),
    path("requests/<uuid:line_id>/replay", requests.replay, name="replay"),
    path("approvals", approvals.listing, name="approvals"),
    path("approvals/<uuid:approval_id>", approvals.decide, name="decide-approval"),
    path("team", team.listing, name="team"),
    path("team/preview", team.preview, name="preview"),
    path("team/activity", team.activity, name="activity"),
    path("team/<uuid:user_id>", team.change, name="change-member"),
    path("deliveries/<uuid:delivery_id>/resend", webhooks.resend, name="resend"),
    *(
        path(f"{one.page}/export", exports.of(one), name=f"export-{one.name}")
        for one in listings.LISTINGS.values()
    ),
]
_pages: list[URLPattern | URLResolver] = [
    path("", session.front, name="front"),
    path("login", session.login, name="login"),
    path("docs/states", states.page, name="states"),
    path("messages/<str:token>", messages.choose, name="messages"),
    path("dashboard/", include(_dashboard)),
    path("pay/answered", checkout.answered, name="answered"),
    path("pay/challenge/<ch:attempt_id>", checkout.challenge, name="challenge"),
    path("pay/session/<str:token>", checkout.pay_session, name="pay-session"),
    path("pay/session/<str:token>/<pi:payment_id>", checkout.paid_session, name="paid-session"),
    path("pay/<str:token>", checkout.pay, name="pay"),
    path("pay/<str:token>/<pi:payment_id>", checkout.paid, name="paid"),
]
urlpatterns = [path("", include((_pages, "web"), namespace="web"))]
