"""Cloud Control's ListResources, which moto has not: log groups and queues that moto has, in the form that AWS documents.

    https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ListResources.html

The properties are those of the types' schemas. Other types have no resources here, but for those that AWS cannot list by name alone.
"""

import json

from moto.iam.models import get_account_id_from

from wire import document, offset_of, refusal, token_of

ACTION = "ListResources"
UNLISTED = {
    "AWS::Logs::LogStream": ("InvalidRequestException", "Missing or invalid ResourceModel property in AWS::Logs::LogStream list handler"),
    "AWS::Logs::MetricFilter": ("UnsupportedActionException", "Resource type AWS::Logs::MetricFilter does not support LIST action"),
}


class CloudControl:
    """Answers from what other clients of the same server see."""

    def __init__(self, client):
        self.client, self.page = client, None

    def answer(self, asked):
        parameters = json.loads(asked.body)
        name = parameters["TypeName"]
        if not name.startswith(("AWS::Logs::", "AWS::SQS::")):
            return refusal(asked.service, 404, "TypeNotFoundException", f"The type '{name}' cannot be found.")
        if name in UNLISTED:
            return refusal(asked.service, 400, *UNLISTED[name])
        lists = {"AWS::Logs::LogGroup": self.log_groups, "AWS::SQS::Queue": self.queues}
        found = list(lists[name](get_account_id_from(asked.key), asked.region)) if name in lists else []
        token = parameters.get("NextToken")
        offset = offset_of(ACTION + name, token) if token else 0
        if offset is None:
            return refusal(asked.service, 400, "InvalidRequestException", "Invalid NextToken")
        end = offset + min(self.page or 100, parameters.get("MaxResults", 20))
        following = token_of(ACTION + name, end) if end < len(found) else None
        described = [{"Identifier": identifier, "Properties": json.dumps(properties)} for identifier, properties in found[offset:end]]
        told = {"TypeName": name, "ResourceDescriptions": described, "NextToken": following}
        return document(200, "application/x-amz-json-1.0", json.dumps(told))

    def log_groups(self, account, region):
        logs = self.client(account, region, "logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
                properties = {"LogGroupName": group["logGroupName"], "Arn": group["arn"], "LogGroupClass": "STANDARD"}
                if "retentionInDays" in group:
                    properties["RetentionInDays"] = group["retentionInDays"]
                yield group["logGroupName"], properties | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def queues(self, account, region):
        """Their list tells no more than who they are."""
        for url in self.client(account, region, "sqs").list_queues().get("QueueUrls", []):
            yield url, {"QueueUrl": url}
