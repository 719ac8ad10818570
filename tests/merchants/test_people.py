import pytest

from fintech.kernel import ids
from fintech.merchants import data, errors, queries
from fintech.merchants import services as merchants
from fintech.merchants.data import ROLES, Right, Role
from fintech.merchants.models import MerchantUserPermission, User
from tests.make import merchants as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant():
    return make.merchant()


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gives_exactly_its_rights_and_only_there(merchant, role):
    other = make.merchant(name="Other")
    member = make.member(merchant, role)

    for right in Right:
        assert queries.may(member.user.id, merchant.id, right) == (right in ROLES[role])
        assert not queries.may(member.user.id, other.id, right)


def test_rights_are_two_queries_at_most_beside_the_person(merchant, django_assert_max_num_queries):
    member = make.member(merchant, Role.VIEWER)

    with django_assert_max_num_queries(4):
        assert queries.may(member.user.id, merchant.id, Right.VIEW_PAYMENTS)


def test_nobody_grows_a_row_per_person_and_right(merchant):
    for _ in range(3):
        make.member(merchant, Role.FINANCE)

    assert MerchantUserPermission.objects.count() == 0


def test_a_stranger_may_nothing(merchant):
    assert queries.rights(ids.new(), merchant.id) == frozenset()


def test_whoever_is_locked_out_may_nothing(merchant):
    member = make.member(merchant, Role.FINANCE)
    User.objects.filter(id=member.user.id).update(is_active=False)

    assert queries.rights(member.user.id, merchant.id) == frozenset()


def test_a_new_role_replaces_the_old_rights(merchant):
    member = make.member(merchant, Role.SUPPORT)

    merchants.change_role(
        merchant_id=merchant.id,
        user_id=member.user.id,
        role=Role.DEVELOPER,
        by=make.BY,
        at=make.NOON,
    )

    assert queries.rights(member.user.id, merchant.id) == {
        right.value for right in ROLES[Role.DEVELOPER]
    }


def test_whoever_leaves_may_nothing(merchant):
    member = make.member(merchant, Role.SUPPORT)

    merchants.remove_member(
        merchant_id=merchant.id, user_id=member.user.id, by=make.BY, at=make.NOON
    )

    assert queries.rights(member.user.id, merchant.id) == frozenset()
    assert [m.role for m in queries.members(merchant.id)] == [Role.OWNER]


def test_the_last_owner_stays(merchant):
    (owner,) = queries.members(merchant.id)

    with pytest.raises(errors.LastOwner):
        merchants.remove_member(
            merchant_id=merchant.id, user_id=owner.user.id, by=make.BY, at=make.NOON
        )
    with pytest.raises(errors.LastOwner):
        merchants.change_role(
            merchant_id=merchant.id,
            user_id=owner.user.id,
            role=Role.VIEWER,
            by=make.BY,
            at=make.NOON,
        )

    assert queries.members(merchant.id) == [owner]
    assert queries.may(owner.user.id, merchant.id, Right.MANAGE_PEOPLE)


def test_nobody_is_a_member_twice(merchant):
    member = make.member(merchant, Role.SUPPORT)

    with pytest.raises(errors.AlreadyMember):
        merchants.invite_user(
            merchant_id=merchant.id,
            email=member.user.email.upper(),
            name="Again",
            role=Role.OWNER,
            by=make.BY,
            at=make.NOON,
        )

    assert queries.memberships(member.user.id) == [(merchant, Role.SUPPORT)]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"role": "king"}, errors.RoleUnknown),
        ({"email": "nobody"}, errors.EmailInvalid),
        ({"name": ""}, errors.NameMissing),
        ({"merchant_id": ids.new()}, errors.MerchantNotFound),
    ],
)
def test_an_invitation_that_is_refused_invites_nobody(merchant, wrong, refusal):
    right = {
        "merchant_id": merchant.id,
        "email": "new@example.com",
        "name": "New",
        "role": Role.VIEWER,
        "by": make.BY,
        "at": make.NOON,
    }

    with pytest.raises(refusal):
        merchants.invite_user(**(right | wrong))

    assert queries.user_by_email("new@example.com") is None


def test_staff_get_into_the_back_office_and_own_no_merchant(merchant):
    person = merchants.create_staff(
        email="staff@example.com",
        name="Stef Staff",
        password=make.PASSWORD,
        by=make.BY,
        at=make.NOON,
    )

    assert person == data.User(
        id=person.id, email="staff@example.com", name="Stef Staff", is_staff=True
    )
    assert queries.memberships(person.id) == []


def test_owners_can_be_written_to(merchant):
    make.member(merchant, Role.VIEWER)
    (owner, _) = queries.members(merchant.id)

    assert queries.owners_to_write_to(merchant.id) == [owner.user.email]
