from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts import scopes
from accounts.models import User
from accounts.services import DEFAULT_EXPIRY_DAYS, MAX_EXPIRY_DAYS, create_token


class Command(BaseCommand):
    help = "Make an API token and print it, alone on the last line. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whose token it is")
        parser.add_argument("--name", required=True, help="what will use it")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            help=f"may be given several times; one of {', '.join(scopes.DESCRIPTIONS)}",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=DEFAULT_EXPIRY_DAYS,
            help=f"how long it lives, 1 to {MAX_EXPIRY_DAYS} (default: %(default)s)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        email = options["email"]
        user = User.objects.filter(email=email, is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody has an active account with {email}. Sign up on the site first.")
        try:
            token, plain = create_token(
                user=user, name=options["name"], scopes=options["scopes"], expiry_days=options["days"]
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{token.name}: {', '.join(token.scopes)}; expires on {token.expiry:%Y-%m-%d}")
        self.stdout.write(plain)
