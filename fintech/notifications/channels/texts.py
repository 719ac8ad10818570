"""The texts we come with. A kind that lacks a language is told in English."""

from collections.abc import Mapping

from fintech.notifications.data import Template, Text

TEXTS: Mapping[tuple[Template, str], Text] = {
    (Template.PAYMENT_RECEIPT, "en"): Text(
        subject="Your receipt from {merchant}: {amount}",
        lead="{merchant} has received your payment.",
        figure="{amount}",
        rows=(
            ("Date", "{date}"),
            ("Card", "{card}"),
            ("For", "{description}"),
            ("Reference", "{reference}"),
            ("Your choices", "{choices}"),
        ),
        closing="Questions about the purchase are best put to {merchant}.",
    ),
    (Template.PAYMENT_RECEIPT, "de"): Text(
        subject="Ihr Beleg von {merchant}: {amount}",
        lead="{merchant} hat Ihre Zahlung erhalten.",
        figure="{amount}",
        rows=(
            ("Datum", "{date}"),
            ("Karte", "{card}"),
            ("Für", "{description}"),
            ("Referenz", "{reference}"),
            ("Ihre Auswahl", "{choices}"),
        ),
        closing="Bei Fragen zum Kauf wenden Sie sich bitte an {merchant}.",
    ),
    (Template.PAYMENT_RECEIPT, "fr"): Text(
        subject="Votre reçu de {merchant} : {amount}",
        lead="{merchant} a reçu votre paiement.",
        figure="{amount}",
        rows=(
            ("Date", "{date}"),
            ("Carte", "{card}"),
            ("Objet", "{description}"),
            ("Référence", "{reference}"),
            ("Vos choix", "{choices}"),
        ),
        closing="Pour toute question sur l’achat, adressez-vous à {merchant}.",
    ),
    (Template.PAYMENT_RECEIPT, "ja"): Text(
        subject="{merchant} 領収書：{amount}",
        lead="{merchant} へのお支払いを受け付けました。",
        figure="{amount}",
        rows=(
            ("日付", "{date}"),
            ("カード", "{card}"),
            ("内容", "{description}"),
            ("照会番号", "{reference}"),
            ("受信設定", "{choices}"),
        ),
        closing="ご購入についてのお問い合わせは {merchant} までお願いいたします。",
    ),
    (Template.PAYMENT_RECEIPT, "ar"): Text(
        subject="إيصالك من {merchant}: {amount}",
        lead="استلم {merchant} دفعتك.",
        figure="{amount}",
        rows=(
            ("التاريخ", "{date}"),
            ("البطاقة", "{card}"),
            ("مقابل", "{description}"),
            ("المرجع", "{reference}"),
            ("خياراتك", "{choices}"),
        ),
        closing="للاستفسار عن الشراء تواصل مع {merchant}.",
    ),
    (Template.REFUND_RECEIPT, "en"): Text(
        subject="{merchant} has refunded {amount}",
        lead="{merchant} is giving money back to you. Banks take a few days to show it.",
        figure="{amount}",
        rows=(
            ("Date", "{date}"),
            ("Card", "{card}"),
            ("Reference", "{reference}"),
            ("Your choices", "{choices}"),
        ),
        closing="Questions about the refund are best put to {merchant}.",
    ),
    (Template.REFUND_RECEIPT, "de"): Text(
        subject="{merchant} hat {amount} erstattet",
        lead="{merchant} erstattet Ihnen Geld. Bis Ihre Bank es anzeigt, vergehen einige Tage.",
        figure="{amount}",
        rows=(
            ("Datum", "{date}"),
            ("Karte", "{card}"),
            ("Referenz", "{reference}"),
            ("Ihre Auswahl", "{choices}"),
        ),
        closing="Bei Fragen zur Erstattung wenden Sie sich bitte an {merchant}.",
    ),
    (Template.REFUND_RECEIPT, "fr"): Text(
        subject="{merchant} vous a remboursé {amount}",
        lead="{merchant} vous rembourse. Votre banque l’affichera sous quelques jours.",
        figure="{amount}",
        rows=(
            ("Date", "{date}"),
            ("Carte", "{card}"),
            ("Référence", "{reference}"),
            ("Vos choix", "{choices}"),
        ),
        closing="Pour toute question sur le remboursement, adressez-vous à {merchant}.",
    ),
    (Template.REVIEW_OPENED, "en"): Text(
        subject="A payment of {amount} waits for your decision",
        lead="A payment to {merchant} looks unusual. The money is reserved and not taken yet.",
        figure="{amount}",
        rows=(
            ("Date", "{date}"),
            ("Reference", "{reference}"),
            ("Decide", "{link}"),
            ("Your choices", "{choices}"),
        ),
    ),
    (Template.REVIEW_OPENED, "de"): Text(
        subject="Eine Zahlung über {amount} wartet auf Ihre Entscheidung",
        lead="Eine Zahlung an {merchant} ist auffällig. Der Betrag ist reserviert, aber noch "
        "nicht eingezogen.",
        figure="{amount}",
        rows=(
            ("Datum", "{date}"),
            ("Referenz", "{reference}"),
            ("Entscheiden", "{link}"),
            ("Ihre Auswahl", "{choices}"),
        ),
    ),
    (Template.REVIEWS_OPENED, "en"): Text(
        subject="{count} payments wait for your decision",
        lead="{count} payments to {merchant} look unusual. Their money is reserved and not taken.",
        rows=(
            ("Date", "{date}"),
            ("Decide", "{link}"),
            ("Your choices", "{choices}"),
        ),
    ),
    (Template.REVIEWS_OPENED, "de"): Text(
        subject="{count} Zahlungen warten auf Ihre Entscheidung",
        lead="{count} Zahlungen an {merchant} sind auffällig. Die Beträge sind reserviert, aber "
        "noch nicht eingezogen.",
        rows=(
            ("Datum", "{date}"),
            ("Entscheiden", "{link}"),
            ("Ihre Auswahl", "{choices}"),
        ),
    ),
    (Template.API_KEY_CHANGED, "en"): Text(
        subject="Security: an API key of {merchant} was {change}",
        lead="An API key of {merchant} was {change}. If that was not you, revoke it at once.",
        rows=(("Key", "{key}"), ("Date", "{date}"), ("Look", "{link}")),
        closing="We always tell you of changes like this; it cannot be switched off.",
    ),
    (Template.API_KEY_CHANGED, "de"): Text(
        subject="Sicherheit: Ein API-Schlüssel von {merchant} wurde {change}",
        lead="Ein API-Schlüssel von {merchant} wurde {change}. Waren Sie das nicht, dann "
        "widerrufen Sie ihn sofort.",
        rows=(("Schlüssel", "{key}"), ("Datum", "{date}"), ("Ansehen", "{link}")),
        closing="Über solche Änderungen schreiben wir immer; das lässt sich nicht abstellen.",
    ),
    (Template.ENDPOINT_PAUSED, "en"): Text(
        subject="Webhooks of {merchant} are not getting through",
        lead="We have paused deliveries to an endpoint of {merchant} that keeps failing. We try "
        "again by ourselves, ever more rarely; what waits is sent when it answers.",
        rows=(
            ("Endpoint", "{url}"),
            ("Last answer", "{cause}"),
            ("Since", "{date}"),
            ("Look", "{link}"),
        ),
    ),
    (Template.ENDPOINT_DISABLED, "en"): Text(
        subject="A webhook endpoint of {merchant} was switched off",
        lead="An endpoint of {merchant} has failed for five days or said that it is gone. Nothing "
        "more is sent to it until you switch it on again.",
        rows=(
            ("Endpoint", "{url}"),
            ("Last answer", "{cause}"),
            ("Since", "{date}"),
            ("Look", "{link}"),
        ),
    ),
}

# What text messages say: one sentence.
SMS: Mapping[tuple[Template, str], Text] = {
    (Template.PAYMENT_RECEIPT, "en"): Text(
        subject="", lead="{merchant} has received your payment of {amount}. {reference}"
    ),
    (Template.PAYMENT_RECEIPT, "de"): Text(
        subject="", lead="{merchant} hat Ihre Zahlung über {amount} erhalten. {reference}"
    ),
    (Template.PAYMENT_RECEIPT, "fr"): Text(
        subject="", lead="{merchant} a reçu votre paiement de {amount}. {reference}"
    ),
    (Template.REFUND_RECEIPT, "en"): Text(
        subject="", lead="{merchant} is giving {amount} back to you. {reference}"
    ),
    (Template.REFUND_RECEIPT, "de"): Text(
        subject="", lead="{merchant} erstattet Ihnen {amount}. {reference}"
    ),
    (Template.REFUND_RECEIPT, "fr"): Text(
        subject="", lead="{merchant} vous rembourse {amount}. {reference}"
    ),
}
