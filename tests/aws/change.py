"""What operators do to an estate, in three steps."""

from buckets import put_policy
from build import IMAGE, PASSWORD, port, tagged, tags
from workloads import change_workloads_first, change_workloads_second, change_workloads_third

SSH = [port(22, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "only for <today>"}])]


def change(estate, step):
    """Does one step, and gives type and id of the resources that it touched; others may have changed with them."""
    steps = {1: first, 2: second, 3: third}
    if step not in steps:
        raise ValueError(f"there is no step {step}")
    return [[resource_type, resource_id] for resource_type, resource_id in steps[step](estate)]


def first(estate):
    """Tags are edited, a port is opened, a machine stops, one comes, a volume goes, a bucket keeps versions."""
    ec2, rds, s3 = estate.ec2, estate.rds, estate.s3
    ec2.create_tags(Resources=[estate.vpcs[0]], Tags=[{"Key": "Name", "Value": "renamed <&>"}, {"Key": "new", "Value": "1"}])
    yield "aws_vpc", estate.vpcs[0]
    ec2.delete_tags(Resources=[estate.instances[0]], Tags=[{"Key": "Owner"}, {"Key": "empty"}])
    yield "aws_ec2_instance", estate.instances[0]
    ec2.authorize_security_group_ingress(GroupId=estate.groups[0][0], IpPermissions=SSH)
    yield "aws_vpc_security_group", estate.groups[0][0]
    ec2.stop_instances(InstanceIds=[estate.instances[1]])
    yield "aws_ec2_instance", estate.instances[1]
    ec2.delete_volume(VolumeId=estate.volumes[0])
    yield "aws_ebs_volume", estate.volumes[0]
    added = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        SubnetId=estate.subnets[1][1],
        SecurityGroupIds=estate.groups[1][:2],
        TagSpecifications=tagged("instance", "added in step 1"),
    )["Instances"][0]["InstanceId"]
    yield "aws_ec2_instance", added
    full, bare = estate.buckets[:2]
    s3.put_bucket_versioning(Bucket=bare, VersioningConfiguration={"Status": "Enabled"})
    yield "aws_s3_bucket", bare
    put_policy(s3, full, {"AWS": f"arn:aws:iam::{estate.account}:root"})
    yield "aws_s3_bucket", full
    rds.add_tags_to_resource(ResourceName=arn(estate, "db:orders-0"), Tags=[{"Key": "Owner", "Value": "team db"}])
    yield "aws_rds_db_instance", "orders-0"
    ec2.modify_managed_prefix_list(
        PrefixListId=estate.prefix_lists[0], CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.0/24", "Description": "second"}]
    )
    yield "aws_ec2_managed_prefix_list", estate.prefix_lists[0]
    yield from change_workloads_first(estate)


def second(estate):
    """A machine is terminated, a route leads elsewhere, a database grows, a bucket goes and one comes."""
    ec2, rds, s3 = estate.ec2, estate.rds, estate.s3
    ec2.terminate_instances(InstanceIds=[estate.instances[0]])
    yield "aws_ec2_instance", estate.instances[0]
    table = estate.route_tables[0][1]
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", TransitGatewayId=estate.transit)
    yield "aws_vpc_route_table", table
    rds.modify_db_instance(
        DBInstanceIdentifier="orders-0",
        DBInstanceClass="db.m5.large",
        AllocatedStorage=100,
        MasterUserPassword=PASSWORD + "-2",
        ApplyImmediately=True,
    )
    yield "aws_rds_db_instance", "orders-0"
    s3.delete_bucket(Bucket=estate.buckets[2])
    yield "aws_s3_bucket", estate.buckets[2]
    s3.delete_bucket_tagging(Bucket=estate.buckets[0])
    s3.delete_bucket_policy(Bucket=estate.buckets[0])
    yield "aws_s3_bucket", estate.buckets[0]
    place = {} if estate.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": estate.region}}
    added = f"added.{estate.account}-{estate.region}"
    s3.create_bucket(Bucket=added, **place)
    put_policy(s3, added, "*")
    yield "aws_s3_bucket", added
    ec2.delete_snapshot(SnapshotId=estate.snapshots[0])
    yield "aws_ebs_snapshot", estate.snapshots[0]
    volume = ec2.create_volume(
        AvailabilityZone=estate.zones[1], Size=1, VolumeType="gp2", TagSpecifications=tagged("volume", "added in step 2")
    )["VolumeId"]
    yield "aws_ebs_volume", volume
    rds.add_tags_to_resource(ResourceName=arn(estate, "subgrp:subnets-0"), Tags=tags("subnets, renamed"))
    yield "aws_rds_db_subnet_group", "subnets-0"
    rds.delete_global_cluster(GlobalClusterIdentifier=f"empty-{estate.region}-0")
    yield "aws_rds_global_cluster", f"empty-{estate.region}-0"
    ec2.delete_managed_prefix_list(PrefixListId=estate.prefix_lists[-1])
    yield "aws_ec2_managed_prefix_list", estate.prefix_lists[-1]
    yield from change_workloads_second(estate)


def third(estate):
    """The port is closed, the machine starts again, an address is given back, a gateway and a database go."""
    ec2, rds, s3 = estate.ec2, estate.rds, estate.s3
    ec2.revoke_security_group_ingress(GroupId=estate.groups[0][0], IpPermissions=SSH)
    yield "aws_vpc_security_group", estate.groups[0][0]
    ec2.start_instances(InstanceIds=[estate.instances[1]])
    yield "aws_ec2_instance", estate.instances[1]
    ec2.release_address(AllocationId=estate.addresses[-1])
    yield "aws_vpc_eip", estate.addresses[-1]
    ec2.delete_nat_gateway(NatGatewayId=estate.nats[0])
    yield "aws_vpc_nat_gateway", estate.nats[0]
    ec2.delete_security_group(GroupId=estate.groups[-1][2])
    yield "aws_vpc_security_group", estate.groups[-1][2]
    rds.create_db_snapshot(DBSnapshotIdentifier="last", DBInstanceIdentifier="orders-0")
    yield "aws_rds_db_snapshot", "last"
    rds.delete_db_instance(DBInstanceIdentifier="orders-0", SkipFinalSnapshot=True)
    yield "aws_rds_db_instance", "orders-0"
    s3.put_bucket_versioning(Bucket=estate.buckets[1], VersioningConfiguration={"Status": "Suspended"})
    yield "aws_s3_bucket", estate.buckets[1]
    ec2.create_tags(Resources=estate.subnets[0], Tags=[{"Key": "Name", "Value": "both/renamed"}])
    yield from (("aws_vpc_subnet", subnet) for subnet in estate.subnets[0])
    yield from change_workloads_third(estate)


def arn(estate, resource):
    return f"arn:aws:rds:{estate.region}:{estate.account}:{resource}"
