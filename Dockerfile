# The bridge by itself, before any number of Spaces:
#
#     docker build -t tinyspaces .
#     docker run --read-only --tmpfs /tmp --cap-drop ALL --stop-timeout 30 -p 8001:8001 \
#         -e TINYSPACES_HERE=you/my-space -e TINYSPACES_ORIGINS=https://you.github.io tinyspaces
#
# A bridge.toml is found at /app/bridge.toml; HF_TOKEN is passed at run time and never built in.

# Pinned by version. A digest would be better still: put the one that your registry shows behind an @.
FROM python:3.12.16-slim AS made

WORKDIR /made
COPY pyproject.toml README.md LICENSE ./
COPY training/space/requirements.txt ./pins.txt
COPY api_bridge ./api_bridge
# pyproject.toml names the package that trains, too; an empty folder stands for it, and nothing of it goes on.
RUN mkdir training \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -c pins.txt .


FROM python:3.12.16-slim

# Nothing is written while it runs: photos stay in memory, and modules were compiled above.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/venv/bin:$PATH

WORKDIR /app
COPY --from=made /venv /venv
COPY site/demos ./site/demos

# By number, so that Kubernetes can see that it is not root.
USER 10001:10001

EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ.get('TINYSPACES_PORT', '8001') + '/healthz', timeout=3)"]

ENTRYPOINT ["python", "-m", "api_bridge", "serve", "--host", "0.0.0.0"]
