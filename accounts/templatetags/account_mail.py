from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def mail_configured() -> bool:
    """Whether letters leave the site, or are only printed where it runs."""
    return bool(settings.MAIL_CONFIGURED)
