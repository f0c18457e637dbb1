"""`umbel doctor`."""

import click

from umbel import doctor as doctor_
from umbel import options, report, show, stack_name, target
from umbel.aws import AwsTarget
from umbel.checks import AWS_NOT_CHECKED, Finding


@click.command()
@click.option("--aws", is_flag=True, help="Look at the AWS account as well.")
@click.option("--profile", metavar="NAME", help="The AWS account of this profile.")
@click.option("--deploy", is_flag=True, help="Only what a deployment to AWS needs; the account must be ready.")
@click.option("-c", "--context", "overrides", multiple=True, metavar="KEY=VALUE", help="As for cdk: -c reserve=false.")
@click.option("--report", "as_report", is_flag=True, help="A text to paste into an issue, without names and tokens.")
@show.as_json
def doctor(
    aws: bool, profile: str | None, deploy: bool, overrides: tuple[str, ...], as_report: bool, as_json: bool
) -> None:
    if profile:
        options.use_profile(profile)
    context = doctor_.context(overrides)
    if any(each.startswith("name=") for each in overrides):
        stack_name.choose(context)
    findings = list(doctor_.machine())
    if not deploy:
        findings += doctor_.local()
    if aws or profile or deploy or target.requested() == "aws":
        findings += doctor_.account(AwsTarget(), context)
    else:
        findings.append(AWS_NOT_CHECKED)
    if as_report:
        click.echo(report.text(findings))
    else:
        show.result(findings, lambda _: _show(findings), json=as_json)
    if not all(finding.good for finding in findings):
        raise click.exceptions.Exit(1)


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        checked = "completed" if finding.good else "failed"
        mark = show.mark("skipped" if finding is AWS_NOT_CHECKED else checked)
        show.out.print(show.joined(mark, f" {finding.subject:<12} ", finding.sentence), soft_wrap=True)
        for line in finding.advice:
            show.out.print(show.text(f"  {'':<12} {line}", "yellow"), soft_wrap=True)
