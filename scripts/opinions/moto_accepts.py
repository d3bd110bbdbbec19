"""Whether moto's CloudFormation takes a template: python moto_accepts.py TEMPLATE...

moto (PyPI) is an AWS that none of us wrote. It knows some of the types only; the others are taken out, with what names
them put into words, and are listed. Prints a line for each template; exits with 1 where one is refused.
"""

import io
import json
import logging
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from moto.cloudformation.parsing import get_model_map

# Its log tells of each type that it does not know, which is what this script does.
logging.getLogger("moto").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="moto")

# moto's rules take a bus by the text of its name, and not by a Ref.
BY_NAME = {"AWS::Events::EventBus"}
# moto's CloudFormation makes application load balancers alone, has no attributes of target groups, tells of an address
# not its PublicIp, takes an archive's pattern as text alone, and has no hosted zone but those of the stack.
MISREAD = {
    "AWS::EC2::EIP",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Events::Archive",
    "AWS::Route53::RecordSet",
}
CLIENT = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
ASSETS = "cdk-hnb659fds-assets-123456789012-us-east-1"


def in_words(value: Any, refs: dict[str, Any], unknown: set[str]) -> Any:
    """The value, with each `Ref` replaced by what is given for it, and each attribute of what is unknown by text."""
    if isinstance(value, list):
        return [in_words(one, refs, unknown) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in refs:
        return refs[value["Ref"]]
    if set(value) == {"Fn::GetAtt"} and value["Fn::GetAtt"][0] in unknown:
        return arn(".".join(value["Fn::GetAtt"]))
    return {key: in_words(one, refs, unknown) for key, one in value.items()}


def arn(name: str) -> str:
    """Words for it, of as many parts as a load balancer's listener has: its ARN is taken to pieces."""
    return f"arn:aws:unknown:us-east-1:123456789012:secret:what/moto/knows/not/{name}-AbCdEf"


def known_part(template: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The template as far as moto knows its types, and the types that it does not."""
    resources = template["Resources"]
    known = set(get_model_map()) - MISREAD
    unknown = {name for name, one in resources.items() if one["Type"] not in known}
    by_name = {name for name, one in resources.items() if one["Type"] in BY_NAME}
    refs = {name: arn(name) for name in unknown} | {name: {"Fn::GetAtt": [name, "Name"]} for name in by_name}
    kept = {name: in_words(one, refs, unknown) for name, one in resources.items() if name not in unknown}
    for one in kept.values():
        needs = one.get("DependsOn", [])
        one["DependsOn"] = [name for name in ([needs] if isinstance(needs, str) else needs) if name not in unknown]
    part = {**template, "Resources": kept, "Outputs": in_words(template.get("Outputs", {}), refs, unknown)}
    return part, {resources[name]["Type"] for name in unknown}


def prepare(template: dict[str, Any]) -> None:
    """What `cdk bootstrap` and `cdk deploy` bring before the stack: parameters, and the code of the functions."""
    ssm = boto3.client("ssm", **CLIENT)
    for parameter in template.get("Parameters", {}).values():
        if not parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
            continue
        try:
            ssm.get_parameter(Name=parameter["Default"])
        except ssm.exceptions.ParameterNotFound:
            ssm.put_parameter(Name=parameter["Default"], Value="30", Type="String")
    s3 = boto3.client("s3", **CLIENT)
    s3.create_bucket(Bucket=ASSETS)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.mjs", "export const handler = () => {};")
    for one in template["Resources"].values():
        if one["Type"] == "AWS::Lambda::Function":
            s3.put_object(Bucket=ASSETS, Key=one["Properties"]["Code"]["S3Key"], Body=code.getvalue())


def accepts(file: Path) -> bool:
    """Creates the stack in an account of its own. @return whether moto made all that it knows"""
    template = json.loads(file.read_text())
    part, unknown = known_part(template)
    with mock_aws():
        prepare(part)
        cloudformation = boto3.client("cloudformation", **CLIENT)
        try:
            cloudformation.create_stack(
                StackName="Switchroom", TemplateBody=json.dumps(part), Capabilities=["CAPABILITY_IAM"]
            )
        except Exception as error:  # moto answers some mistakes by an error of its own
            print(f"{file.stem}: refused: {error}")
            return False
        stack = cloudformation.describe_stacks(StackName="Switchroom")["Stacks"][0]
        made = cloudformation.describe_stack_resources(StackName="Switchroom")["StackResources"]
    print(
        f"{file.stem}: {stack['StackStatus']}, {len(made)} of {len(template['Resources'])} resources; "
        f"types unknown to moto: {', '.join(sorted(unknown)) or 'none'}"
    )
    return stack["StackStatus"] == "CREATE_COMPLETE" and len(made) == len(part["Resources"])


if __name__ == "__main__":
    results = [accepts(Path(argument)) for argument in sys.argv[1:]]
    sys.exit(0 if results and all(results) else 1)
