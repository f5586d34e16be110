"""The Django project: settings, URLs, Celery, and the services a bare machine needs."""
