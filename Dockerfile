# One image for all of our processes; docker-compose.yml says which one a container runs.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 GEMBA_HOME=/var/lib/gemba \
    DO_NOT_TRACK=1 DBT_SEND_ANONYMOUS_USAGE_STATS=false DAGSTER_DISABLE_TELEMETRY=1 \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false
WORKDIR /app
# The lock first: a change of our code must not install everything again.
COPY requirements.lock ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && useradd --system --home-dir /var/lib/gemba --create-home gemba
USER gemba
ENTRYPOINT []
CMD ["gemba", "--help"]
