"""How many alerts wait to be read, for the bell on every page."""

from django import template

from accounts.models import User
from forecasts.models import Alert

register = template.Library()

MOST_COUNTED = 100


@register.simple_tag
def unread_alerts(user: object) -> str:
    """Return the count of a signed-in person, at most `99+`; empty for none, and for a stranger."""
    if not isinstance(user, User):
        return ""
    count = Alert.objects.for_user(user).unread()[:MOST_COUNTED].count()
    return "99+" if count >= MOST_COUNTED else str(count or "")
