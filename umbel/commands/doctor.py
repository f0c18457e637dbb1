"""`umbel doctor`."""

import click

from umbel import doctor as doctor_
from umbel import engine, show
from umbel.aws import Cloud
from umbel.quota import Finding


@click.command()
@click.option("--deploy", is_flag=True, help="AWS must be ready; else it is looked at when there are credentials.")
@click.option("-c", "--context", "overrides", multiple=True, metavar="KEY=VALUE", help="As for cdk: -c reserve=false.")
@show.as_json
def doctor(deploy: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    findings = list(doctor_.machine())
    if named := engine.named_endpoint():
        answers = engine.healthy(named)
        state = "is set, and nothing answers there" if not answers else "is set: this would deploy there, not to AWS"
        advice = [] if answers and not deploy else ["unset AWS_ENDPOINT_URL LOCALSTACK_HOST"]
        findings.append(Finding(subject="endpoint", good=not advice, sentence=f"{named} {state}", advice=advice))
    elif not deploy:
        findings += doctor_.local()
    cloud = Cloud()
    if not named and (deploy or cloud.has_credentials):
        findings += doctor_.account(cloud, doctor_.context(overrides))
    show.either(findings, lambda _: _show(findings), json=as_json)
    if not all(finding.good for finding in findings):
        raise click.exceptions.Exit(1)


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        mark = show.mark("completed" if finding.good else "failed")
        show.out.print(show.joined(mark, f" {finding.subject:<12} ", finding.sentence), soft_wrap=True)
        for line in finding.advice:
            show.out.print(show.text(f"  {'':<12} {line}", "yellow"), soft_wrap=True)
