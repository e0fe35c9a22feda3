//! Launch templates, without their versions.

use super::Api;

pub(super) const API: Api = Api {
    service: "ec2",
    operation: "DescribeLaunchTemplates",
    types: &["aws_ec2_launch_template"],
    ask: pages!(ec2.describe_launch_templates(max_results: 200), set_next_token),
};
