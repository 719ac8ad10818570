"""What merchants want of fraud."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest

from fintech.fraud import services as fraud
from fintech.fraud.admin.acting import staff
from fintech.fraud.models import (
    Posture,
)
from fintech.kernel import clock
from fintech.kernel.backoffice import ReadOnlyAdmin

_NEVER = 101


class PostureForm(forms.ModelForm):
    """What a merchant wants; the service checks it."""

    class Meta:
        model = Posture
        fields = (
            "merchant_id",
            "mode",
            "fails",
            "ceiling_minor",
            "challenge_at",
            "review_at",
            "block_at",
            "explore",
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        names = ("challenge_at", "review_at", "block_at")
        if all(name in given for name in names) and not (
            1 <= given["challenge_at"] <= given["review_at"] <= given["block_at"] <= _NEVER
        ):
            raise forms.ValidationError("Bands rise from 1 to 101.")
        return given


@admin.register(Posture)
class PostureAdmin(ReadOnlyAdmin):
    form = PostureForm
    list_display = ("merchant_id", "mode", "fails", "ceiling_minor", "review_at", "block_at")
    ordering = ("id",)
    fields = PostureForm.Meta.fields

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("fraud.add_posture"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("fraud.change_posture"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        return () if obj is None else ("merchant_id",)

    def save_model(self, request: HttpRequest, obj: Model, form: Form, change: bool) -> None:
        if not isinstance(obj, Posture):
            raise TypeError(obj)
        made = fraud.set_posture(
            merchant_id=obj.merchant_id,
            mode=obj.mode,
            fails=obj.fails,
            ceiling_minor=obj.ceiling_minor,
            bands=(obj.challenge_at, obj.review_at, obj.block_at),
            explore=obj.explore,
            by=staff(request),
            at=clock.now(),
        )
        obj.pk = Posture.objects.get(merchant_id=made.merchant_id).pk
