"""A router in front of several deployments ("cells"): `cdk deploy --app "python examples/cells/app.py" -c cells=…`.

`cells` is a JSON object, name -> URL of the cell's API (the output `ApiUrl` of each stack):

    cdk deploy --app ".venv/bin/python examples/cells/app.py" \\
      -c cells='{"cella": "https://….execute-api.us-east-1.amazonaws.com/v1", "cellb": "https://…"}'
"""

import json
from pathlib import Path

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


class Router(Stack):
    """An HTTP API and one function, which knows the cells."""

    def __init__(self, scope: Construct, name: str, cells: dict[str, str]) -> None:
        super().__init__(scope, name, description="Umbel: sends each key to its cell")
        function = lambda_.Function(
            self,
            "Router",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="router.handle",
            code=lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["app.py", "__pycache__"]),
            timeout=Duration.seconds(3),
            environment={"CELLS": json.dumps(cells)},
        )
        api = gateway.HttpApi(self, "Api", default_integration=integrations.HttpLambdaIntegration("Cells", function))
        CfnOutput(self, "RouterUrl", value=api.api_endpoint)


def main() -> None:
    """Synthesise the router for the cells in the context."""
    app = App()
    Router(app, "umbel-router", json.loads(app.node.get_context("cells")))
    app.synth()


if __name__ == "__main__":
    main()
