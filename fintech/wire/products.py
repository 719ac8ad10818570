"""Something a merchant sells, as that merchant sees it."""

from fintech.kernel import ids
from fintech.payments.data import Product
from fintech.wire import deleted
from fintech.wire.scalars import Json, head, public, text, unix


def render(product: Product) -> Json:
    """Return a product, with all documented fields; one that is deleted says only so."""
    public_id = ids.public("prod", product.id)
    if product.deleted:
        return deleted.render("product", public_id)
    return {
        **head("product", public_id, product.created_at, product.metadata),
        "active": product.active,
        "default_price": public("price", product.default_price_id),
        "description": text(product.description),
        "images": list(product.images),
        "marketing_features": [],
        "name": product.name,
        "package_dimensions": None,
        "shippable": product.shippable,
        "statement_descriptor": text(product.statement_descriptor),
        "tax_code": None,
        "type": "good" if product.shippable else "service",
        "unit_label": text(product.unit_label),
        "updated": unix(product.updated_at),
        "url": text(product.url),
    }
