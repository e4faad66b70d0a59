"""`couplesim serve`."""

from __future__ import annotations

import click


@click.command("serve", short_help="Serve the rehearsal speaker.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="A loopback address.")
@click.option("--port", type=click.IntRange(1, 65535), default=8377, show_default=True, metavar="N")
@click.option(
    "--latency",
    type=click.FloatRange(min=0, max=60),
    default=0.0,
    metavar="SECONDS",
    help="Wait before each reply [0].",
)
def command(host: str, port: int, latency: float) -> None:
    """Offer the rehearsal speaker as an OpenAI-compatible endpoint, for tools, tests and benchmarks.

    It speaks scripted text; it is not a language model.
    """
    from generator.serve.run import run

    def ready(url: str) -> None:
        click.echo(f"rehearsal speaker (scripted text, no language model) at {url}, model name: rehearsal", err=True)
        click.echo(f"try: couplesim generate --model rehearsal --base-url {url}      stop: Ctrl-C", err=True)

    run(host, port, latency, ready)
