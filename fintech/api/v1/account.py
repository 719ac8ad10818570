"""The account: the merchant that a key speaks for."""

from fintech.api import errors
from fintech.api.operations import Answer, Call, operation
from fintech.merchants import queries as merchants
from fintech.wire import account

_READ = "payments:read"


@operation("GET", "/v1/account", scope=_READ, returns="account")
def retrieve_own(call: Call) -> Answer:
    """Retrieve the merchant that the key speaks for."""
    return Answer(body=account.render(merchants.merchant(call.merchant_id)))


@operation("GET", "/v1/accounts/{id}", scope=_READ, returns="account")
def retrieve(call: Call) -> Answer:
    """Retrieve the key's own merchant by its id; any other is unknown."""
    if call.this("acct") != call.merchant_id:
        raise errors.ResourceMissing("account")
    return retrieve_own(call)
