FROM python:3.13-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir . && useradd --create-home dotlint
USER dotlint
WORKDIR /work
ENTRYPOINT ["dotlint"]
