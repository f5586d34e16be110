"""What people fill in on the account pages."""

from typing import Any

from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.utils import filter_users_by_email
from django import forms

from accounts import scopes
from accounts.models import User
from accounts.services import DEFAULT_EXPIRY_DAYS, MAX_EXPIRY_DAYS


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    class Meta:
        model = User
        fields = ["name"]
        help_texts = {"name": "How the site addresses you. Leave it empty to go by your email address."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class AddEmailForm(AllauthAddEmailForm):  # type: ignore[misc]  # allauth has no types
    """Refuses at once what allauth accepts until it is made primary, where the database refuses it."""

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if any(user.pk != self.user.pk for user in filter_users_by_email(email)):
            raise forms.ValidationError("Another account uses this email address.")
        return email


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What will use it, for example “nightly script”.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(scope, f"{text} ({scope})") for scope, text in scopes.DESCRIPTIONS.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=[scopes.READ],
        error_messages={"required": "Tick at least one thing that the token may do."},
    )
    expiry_days = forms.IntegerField(
        label="Days until it expires", min_value=1, max_value=MAX_EXPIRY_DAYS, initial=DEFAULT_EXPIRY_DAYS
    )


class DeleteAccountForm(forms.Form):
    password = forms.CharField(
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password. Nothing was deleted.")
        return password
