"""Load balancers, groups of machines that scale, functions and identities: what runs in a network, and as whom."""

import io
import json
import zipfile

from botocore.exceptions import ClientError

IMAGE = "ami-12c6146b"
SECRET = "environment-never-to-be-stored"
LOGIN = {
    "Issuer": "https://login.example.com",
    "AuthorizationEndpoint": "https://login.example.com/auth",
    "TokenEndpoint": "https://login.example.com/token",
    "UserInfoEndpoint": "https://login.example.com/user",
    "ClientId": "web",
    "ClientSecret": "client-never-to-be-stored",
    "AuthenticationRequestExtraParams": {"prompt": "login"},
}


def code():
    """The same archive at every call."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), "def handle(event, context):\n    return event\n")
    return packed.getvalue()


def policy(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", "Condition": {"StringLike": {"aws:UserAgent": "a & <b> %"}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def build_workloads(estate, tags):
    """Makes them in the networks of an estate; `tags` makes the tags of a thing by its name."""
    estate.balancers, estate.target_groups, estate.listeners, estate.functions = [], [], [], []
    build_identities(estate, tags)
    for at in range(estate.size):
        build_balancing(estate, tags, at)
        build_scaling(estate, tags, at)
    # More than one call takes to tell the tags of.
    for at in range(25):
        tagged = {"Tags": tags(f"many {at}")} if at % 3 else {}
        group = estate.elbv2.create_target_group(Name=f"many-{at}", Protocol="TCP", Port=1000 + at, VpcId=estate.vpcs[0], **tagged)
        estate.target_groups.append(group["TargetGroups"][0]["TargetGroupArn"])
    build_functions(estate, tags)
    for at in range(7):
        estate.logs.create_log_group(logGroupName=f"/web/{at}", tags={tag["Key"]: tag["Value"] for tag in tags(f"web {at}")[:2]})
    estate.logs.put_retention_policy(logGroupName="/web/0", retentionInDays=30)


def build_balancing(estate, tags, at):
    elbv2, subnets = estate.elbv2, estate.subnets[at]
    web = elbv2.create_load_balancer(Name=f"web-{at}", Subnets=subnets, SecurityGroups=estate.groups[at][:1], Tags=tags(f"web {at}"))
    mail = elbv2.create_load_balancer(Name=f"mail-{at}", Type="network", Scheme="internal", Subnets=subnets)
    inspect = elbv2.create_load_balancer(Name=f"inspect-{at}", Type="gateway", Subnets=subnets[:1], Tags=tags(f"inspect {at}"))
    made = [answer["LoadBalancers"][0]["LoadBalancerArn"] for answer in (web, mail, inspect)]
    estate.balancers += made
    target = elbv2.create_target_group(
        Name=f"web-{at}", Protocol="HTTP", Port=80, VpcId=estate.vpcs[at], Matcher={"HttpCode": "200-299"}, Tags=tags(f"web {at}")
    )["TargetGroups"][0]["TargetGroupArn"]
    estate.target_groups.append(target)
    forward = {"Type": "forward", "TargetGroupArn": target}
    login = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": LOGIN}
    for number, actions in ((80, [forward]), (8080, [login, forward | {"Order": 2}])):
        tagged = {"Tags": tags(f"port {number}")} if number == 80 else {}
        listener = elbv2.create_listener(LoadBalancerArn=made[0], Protocol="HTTP", Port=number, DefaultActions=actions, **tagged)
        estate.listeners.append(listener["Listeners"][0]["ListenerArn"])


def build_scaling(estate, tags, at):
    name = f"workers/{at} <&>"
    estate.autoscaling.create_launch_configuration(LaunchConfigurationName=name, ImageId=IMAGE, InstanceType="t3.micro")
    estate.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=1,
        MaxSize=3,
        DesiredCapacity=1,
        VPCZoneIdentifier=",".join(estate.subnets[at]),
        TargetGroupARNs=[estate.target_groups[-1]],
        Tags=[tag | {"PropagateAtLaunch": False} for tag in tags(name)],
    )


def build_functions(estate, tags):
    role = f"arn:aws:iam::{estate.account}:role/functions-{estate.region}"
    for at in range(3 * estate.size):
        name = f"resize-{at}"
        made = estate.functions_client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="main.handle",
            Code={"ZipFile": code()},
            Description="thumbs & <more>",
            Environment={"Variables": {"STAGE": "prod", "TOKEN": SECRET}} if at % 2 else {},
            Tags={tag["Key"]: tag["Value"] for tag in tags(name)} if at % 3 else {},
        )
        estate.functions.append(made["FunctionArn"])


def build_identities(estate, tags):
    """Those of a region bear its name: they are the account's, whichever region made them."""
    iam, region = estate.iam, estate.region
    read = iam.create_policy(PolicyName=f"read-{region}", PolicyDocument=policy("s3:Get*", "s3:List*"), Tags=tags("read"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=read, PolicyDocument=policy("s3:Get*"), SetAsDefault=True)
    iam.create_policy(PolicyName=f"unused-{region}", Path="/old/", PolicyDocument=policy("ec2:*"), Description="of old <days>")
    iam.create_role(RoleName=f"functions-{region}", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), Tags=tags("functions"))
    iam.put_role_policy(RoleName=f"functions-{region}", PolicyName="own & <only>", PolicyDocument=policy("logs:Put*"))
    iam.attach_role_policy(RoleName=f"functions-{region}", PolicyArn=read)
    iam.attach_role_policy(RoleName=f"functions-{region}", PolicyArn="arn:aws:iam::aws:policy/Attached")
    iam.create_role(RoleName=f"bare-{region}", Path="/service/", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_group(GroupName=f"developers-{region}")
    iam.put_group_policy(GroupName=f"developers-{region}", PolicyName="own", PolicyDocument=policy("s3:Get*"))
    iam.create_user(UserName=f"ann-{region}", Path="/people/", Tags=tags("ann"))
    iam.create_user(UserName=f"bob-{region}")
    iam.add_user_to_group(GroupName=f"developers-{region}", UserName=f"ann-{region}")
    iam.attach_user_policy(UserName=f"ann-{region}", PolicyArn=read)
    estate.read_policy = read


def change_workloads_first(estate):
    """Tags and settings are edited, a group grows, a function gets memory, a role another policy."""
    elbv2, iam, region = estate.elbv2, estate.iam, estate.region
    elbv2.add_tags(ResourceArns=estate.balancers[:2], Tags=[{"Key": "Owner", "Value": "team <lb>"}])
    yield from (("aws_ec2_application_load_balancer", estate.balancers[0]), ("aws_ec2_network_load_balancer", estate.balancers[1]))
    everywhere = {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=estate.balancers[2], Attributes=[everywhere])
    yield "aws_ec2_gateway_load_balancer", estate.balancers[2]
    estate.autoscaling.update_auto_scaling_group(AutoScalingGroupName="workers/0 <&>", MaxSize=5, DesiredCapacity=2)
    yield "aws_ec2_autoscaling_group", "workers/0 <&>"
    estate.functions_client.update_function_configuration(FunctionName="resize-0", MemorySize=512)
    yield "aws_lambda_function", "resize-0"
    estate.functions_client.tag_resource(Resource=estate.functions[1], Tags={"Owner": "team fn"})
    yield "aws_lambda_function", "resize-1"
    iam.attach_role_policy(RoleName=f"bare-{region}", PolicyArn=estate.read_policy)
    yield "aws_iam_role", f"bare-{region}"
    estate.logs.put_retention_policy(logGroupName="/web/1", retentionInDays=7)
    yield "aws_cloudwatch_log_group", "/web/1"
    iam.tag_user(UserName=f"bob-{region}", Tags=[{"Key": "team", "Value": "db & more"}])
    yield "aws_iam_user", f"bob-{region}"


def change_workloads_second(estate):
    """A listener and a function go, a policy gets a version, a user leaves, tags are taken away."""
    iam, region = estate.iam, estate.region
    estate.elbv2.delete_listener(ListenerArn=estate.listeners[0])
    yield "aws_ec2_load_balancer_listener", estate.listeners[0]
    estate.elbv2.remove_tags(ResourceArns=[estate.balancers[0]], TagKeys=["Owner", "empty"])
    yield "aws_ec2_application_load_balancer", estate.balancers[0]
    estate.functions_client.delete_function(FunctionName="resize-2")
    yield "aws_lambda_function", "resize-2"
    estate.logs.delete_log_group(logGroupName="/web/2")
    yield "aws_cloudwatch_log_group", "/web/2"
    iam.create_policy_version(PolicyArn=estate.read_policy, PolicyDocument=policy("s3:Head*"), SetAsDefault=True)
    yield "aws_iam_policy", estate.read_policy
    iam.delete_user(UserName=f"bob-{region}")
    yield "aws_iam_user", f"bob-{region}"
    iam.delete_policy(PolicyArn=f"arn:aws:iam::{estate.account}:policy/old/unused-{region}")
    yield "aws_iam_policy", f"arn:aws:iam::{estate.account}:policy/old/unused-{region}"


def change_workloads_third(estate):
    """A load balancer and a group of machines go, a function comes."""
    estate.elbv2.delete_load_balancer(LoadBalancerArn=estate.balancers[1])
    yield "aws_ec2_network_load_balancer", estate.balancers[1]
    last = f"workers/{estate.size - 1} <&>"
    estate.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=last, ForceDelete=True)
    yield "aws_ec2_autoscaling_group", last
    role = f"arn:aws:iam::{estate.account}:role/functions-{estate.region}"
    estate.functions_client.create_function(
        FunctionName="added", Runtime="python3.12", Role=role, Handler="main.handle", Code={"ZipFile": code()}
    )
    yield "aws_lambda_function", "added"
    try:
        estate.iam.delete_group(GroupName=f"developers-{estate.region}")
    except ClientError as error:
        if error.response["Error"]["Code"] != "DeleteConflict":
            raise
        estate.iam.remove_user_from_group(GroupName=f"developers-{estate.region}", UserName=f"ann-{estate.region}")
    yield "aws_iam_user", f"ann-{estate.region}"
