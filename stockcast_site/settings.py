"""Every setting of StockCast, all from the environment; `.env.example` lists them.

Importing this file starts nothing. Without `DATABASE_URL` and `REDIS_URL` it reads the addresses of the
embedded services, if `devstack` has started them, from `var/devstack.json`.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from stockcast_site import devstack
from stockcast_site.beat import SCHEDULE
from stockcast_site.content_security import CONTENT_SECURITY_POLICY  # noqa: F401 -- read by django-csp
from stockcast_site.networks import read_ranges
from stockcast_site.openapi import DRF_STANDARDIZED_ERRORS, SPECTACULAR_SETTINGS  # noqa: F401 -- read by their libraries

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.FileAwareEnv()
if env.bool("STOCKCAST_READ_DOTENV", default=True) and (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")


def _secret_key() -> str:
    """Return SECRET_KEY, or a random one kept in `var/` for a site run from a checkout."""
    key = str(env.str("SECRET_KEY", default="")).strip()
    if key:
        return key
    kept = VAR_DIR / "secret_key"
    if not kept.exists():
        VAR_DIR.mkdir(exist_ok=True)
        draft = VAR_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):  # another process made it in the meantime
            kept.hardlink_to(draft)  # all at once: nobody reads half a key
        draft.unlink()
    return kept.read_text()


def _service_url(name: str, embedded: str) -> str:
    """Return a service's URL from the environment, else the embedded one, else one that nothing answers."""
    url = str(env.str(name, default="")) or embedded
    return url or {"DATABASE_URL": "postgres://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}[name]


def _choice(name: str, choices: tuple[str, ...]) -> str:
    value = str(env.str(name, default=choices[0]))
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def _rate(name: str, default: float) -> float:
    """Return a number of requests a second."""
    given = str(env.str(name, default=str(default)))
    if not (re.fullmatch(r"\d+(\.\d+)?", given) and 0 < float(given) <= 1000):
        raise ImproperlyConfigured(f"{name} is {given!r}; it must be a number above 0, and 1000 at most.")
    return float(given)


def _api_key(name: str) -> str:
    """Return a key that goes into a header, without the line break that its file may end with."""
    key = str(env.str(name, default="")).strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ImproperlyConfigured(f"{name} is no key: it must be one word of plain letters and digits.")
    return key


SECRET_KEY = _secret_key()
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)

INSTALLED_APPS = [
    "accounts",
    "forecasts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "knox",
    "rest_framework",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "stockcast_site.urls"
WSGI_APPLICATION = "stockcast_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Services ---------------------------------------------------------------------------------------------

_embedded = devstack.read_services()
DATABASE_URL = _service_url("DATABASE_URL", _embedded.database_url if _embedded else "")
REDIS_URL = _service_url("REDIS_URL", _embedded.redis_url if _embedded else "")

DATABASES = {
    "default": {
        **env.db_url_config(DATABASE_URL),
        "CONN_HEALTH_CHECKS": True,
        # A pool per process: threads of the web workers and a worker's heartbeat share its connections.
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=8), "timeout": 10}
        },
    }
}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        f"DATABASE_URL must begin with postgres://, not {urlsplit(DATABASE_URL).scheme}://."
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Everything StockCast puts in Redis begins with this, so that several sites can share one server.
KEY_PREFIX = env.str("KEY_PREFIX", default="stockcast:")
CACHES = {
    "default": {
        "BACKEND": "stockcast_site.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that hangs must not hang the site.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
        "KEY_PREFIX": f"{KEY_PREFIX}cache",
    }
}

# Celery -----------------------------------------------------------------------------------------------

TASK_SOFT_LIMIT_SECONDS = env.int("TASK_SOFT_LIMIT_SECONDS", default=600)
CELERY_IMPORTS = ["forecasts.worker"]
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": KEY_PREFIX,
    # Above the hard limit, or a long training would be delivered twice.
    "visibility_timeout": TASK_SOFT_LIMIT_SECONDS + 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 10,
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    "max_retries": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A child says that it is up after loading the engine; at the default of 4 s a busy machine would kill it anew
# for ever.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120.0
CELERY_TASK_SOFT_TIME_LIMIT = TASK_SOFT_LIMIT_SECONDS
CELERY_TASK_TIME_LIMIT = TASK_SOFT_LIMIT_SECONDS + 60
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = SCHEDULE

# Forecasts --------------------------------------------------------------------------------------------

HOUSE_MODEL_DIR = BASE_DIR / "ml_engine" / "house_model"
# A worker that has not renewed its lease for this long has lost its claim.
FORECAST_LEASE_SECONDS = env.int("FORECAST_LEASE_SECONDS", default=15)
FORECAST_ATTEMPTS = 3
# A queued row whose bell has not been answered for this long is rung again.
FORECAST_RING_AGAIN_SECONDS = env.int("FORECAST_RING_AGAIN_SECONDS", default=30)
# Whether workers add GARCH, trees and other slow baselines to evidence, after forecasts are issued.
SLOW_BASELINES = env.bool("SLOW_BASELINES", default=True)
# Whether a house model is trained every month on what is stored here, and proves itself in the shadow.
RETRAIN_MONTHLY = env.bool("RETRAIN_MONTHLY", default=True)
# Scheduled forecasts that a minute may ask for, and that may wait for a worker; of those that train, a tenth.
SCHEDULED_FORECASTS_PER_MINUTE = env.int("SCHEDULED_FORECASTS_PER_MINUTE", default=60)
# Private addresses that webhooks may be posted to all the same; a site for one's own network may want some.
WEBHOOK_ALLOWED_RANGES = read_ranges("WEBHOOK_ALLOWED_RANGES", env.list("WEBHOOK_ALLOWED_RANGES", default=[]))

# Requests a second that a source of prices may be asked by all processes together, and the keys of those that
# want one.
YAHOO_RATE = _rate("YAHOO_RATE", 1.0)
TIINGO_RATE = _rate("TIINGO_RATE", 1.0)
TIINGO_API_KEY = _api_key("TIINGO_API_KEY")

# Accounts ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# Without EMAIL_URL mail goes to the console, and signing up signs in at once.
MAIL_CONFIGURED = bool(env.str("EMAIL_URL", default=""))
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20  # a mail server that hangs must not hold a worker
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="StockCast <stockcast@localhost>")

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL_CONFIGURED else "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[StockCast] "
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_FORMS = {"add_email": "accounts.forms.AddEmailForm"}
# The address that allauth's rate limits count by; behind one proxy it is the last X-Forwarded-For entry.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)

KNOX_TOKEN_MODEL = "accounts.AuthToken"
# Knox's migrations would make a table for the model that ours replaces: unused, and in the way of TRUNCATE.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token", "TOKEN_TTL": None, "AUTO_REFRESH": False}

# API --------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # Tokens come first: their WWW-Authenticate header is what turns "who are you?" into 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("API_RATE", default="600/min")},
    "STRICT_JSON": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# An uploaded file is read in memory, or not at all: 20 MB, and what a form writes around them.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024**2 + 64 * 1024

# Pages ------------------------------------------------------------------------------------------------

# Where people reach the site: mail and webhooks lead there.
SITE_URL = (
    str(env.str("SITE_URL", default="")).rstrip("/") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
)
if not re.fullmatch(r"https?://[^\s/?#]+", SITE_URL):
    raise ImproperlyConfigured(f"SITE_URL is {SITE_URL!r}; it must be like https://stocks.example.org.")

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where there is none
STATICFILES_DIRS = [BASE_DIR / "static"]
# A container collects its files into a manifest; a checkout serves them from where they lie.
_collected = (STATIC_ROOT / "staticfiles.json").is_file()
WHITENOISE_USE_FINDERS = not _collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": _choice(
            "STATICFILES_STORAGE",
            (
                "whitenoise.storage.CompressedManifestStaticFilesStorage"
                if _collected
                else "django.contrib.staticfiles.storage.StaticFilesStorage",
                "whitenoise.storage.CompressedManifestStaticFilesStorage",
            ),
        )
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]

METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()  # a file may end with a line break

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}
