"""For scripts/check-compose: compares docker/compose.yaml with what it speaks of, and writes down what services run.

usage: compose.py ENV_FILE OUT HOST:PORT=HOST:PORT…

For each service OUT/NAME.healthcheck is written, for ours OUT/NAME.environment and OUT/NAME.command too: words that end
with a NUL, with the addresses of the containers' network replaced by those given.
"""

import fnmatch
import pathlib
import re
import sys

import yaml

COMPOSE = pathlib.Path("docker/compose.yaml")
OURS = ("migrate", "worker", "api")
# Of the PostgreSQL image, not of emporia.
THEIRS = {"POSTGRES_PASSWORD"}
mistakes = []


def expect(holds, sentence):
    if not holds:
        mistakes.append(sentence)


def documented():
    """The names in the first column of the README's table of variables."""
    table = pathlib.Path("README.md").read_text().split("| Variable | |\n", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines() for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}


def interpolated(text, variables):
    """As Compose does it: ${NAME}, and ${NAME:?message} for one that must be there."""

    def value(match):
        name = match[1]
        expect(variables.get(name), f"compose.yaml needs {name}, which .env does not set")
        return variables.get(name, "")

    return re.sub(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}", value, text)


def strings(node, variables):
    if isinstance(node, dict):
        return {key: strings(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [strings(value, variables) for value in node]
    return interpolated(node, variables) if isinstance(node, str) else node


def agree(compose):
    """What services name is there."""
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            expect(other in services, f"{name} depends on {other}, which is no service")
            condition, there = how["condition"], services.get(other, {})
            if condition == "service_healthy":
                expect("healthcheck" in there, f"{name} waits for the health of {other}, which has no health check")
            elif condition == "service_completed_successfully":
                expect(there.get("restart") == "no", f"{name} waits for the end of {other}, which is restarted")
            else:
                expect(False, f"{name} waits for {other} to be {condition}")
        for network in service.get("networks", []):
            expect(network in compose["networks"], f"{name} is on the network {network}, which is not declared")
        for volume in service.get("volumes", []):
            expect(volume.split(":")[0] in compose["volumes"], f"{name} has a volume {volume}, which is not declared")
        if "build" in service:
            context = (COMPOSE.parent / service["build"]["context"]).resolve()
            dockerfile = context / service["build"]["dockerfile"]
            expect(context == pathlib.Path.cwd(), f"{name} is not built from the repository's root")
            expect(dockerfile.exists(), f"{name} is built by {dockerfile}, which is not there")
    for name in ("postgres", "redis"):
        expect("ports" not in services[name], f"{name} is published")
        expect(all(compose["networks"][n].get("internal") for n in services[name]["networks"]), f"{name} is reachable")


def copied():
    """What the Dockerfile copies from the context is there, and .dockerignore lets it through."""
    allowed = [line[1:] for line in pathlib.Path(".dockerignore").read_text().splitlines() if line.startswith("!")]
    sources = []
    for line in pathlib.Path("docker/Dockerfile").read_text().splitlines():
        words = line.split()
        if words[:1] != ["COPY"] or words[1].startswith("--from"):
            continue
        sources += words[1:-1]
        for source in words[1:-1]:
            expect(pathlib.Path(source).exists(), f"the Dockerfile copies {source}, which is not there")
            expect(any(fnmatch.fnmatch(source, rule) for rule in allowed), f".dockerignore hides {source}")
    for needed in ("Cargo.toml", "Cargo.lock", "build.rs", "migrations", "src"):
        expect(needed in sources, f"the Dockerfile does not copy {needed}, without which cargo builds something else")


def main(env_file, out, *addresses):
    pairs = (line.split("=", 1) for line in pathlib.Path(env_file).read_text().splitlines() if line)
    variables = dict(pairs)
    compose = strings(yaml.safe_load(COMPOSE.read_text()), variables)
    agree(compose)
    copied()
    known = documented() | THEIRS

    def here(text):
        for address in addresses:
            theirs, ours = address.split("=")
            text = text.replace(theirs, ours)
        return text

    for name, service in compose["services"].items():
        file = pathlib.Path(out, name)

        def write(kind, words):
            file.with_suffix(f".{kind}").write_bytes(b"".join(here(word).encode() + b"\0" for word in words))

        # `migrate` ends, which says it all.
        if name != "migrate":
            test = service["healthcheck"]["test"]
            expect(test[0] == "CMD", f"the health check of {name} is no command")
            write("healthcheck", test[1:])
        if name not in OURS:
            continue
        if "healthcheck" in service:
            expect(test[1] == "emporia", f"the health check of {name} runs {test[1]}, which the image does not have")
        expect(service.get("env_file") == ".env", f"{name} does not read .env")
        environment = variables | service.get("environment", {})
        for variable in environment:
            expect(variable in known, f"{name} is told {variable}, which the README's table does not have")
        if name != "migrate":
            for secret in ("POSTGRES_PASSWORD", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL"):
                expect(not environment[secret], f"{name} is told {secret}")
        write("environment", [f"{key}={value}" for key, value in environment.items()])
        write("command", service["command"])
    expect(set(OURS) | {"postgres", "redis"} == set(compose["services"]), "there are other services than expected")
    for mistake in mistakes:
        print(f"   {mistake}")
    sys.exit(bool(mistakes))


main(*sys.argv[1:])
