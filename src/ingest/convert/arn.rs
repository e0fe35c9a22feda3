//! What ARNs, availability zones and names tell about accounts and regions.

/// The account and region in an ARN, each where it is named and well-formed (`arn:aws:iam::aws:policy/X` names neither).
pub(super) fn account_and_region(arn: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = arn.splitn(6, ':');
    if parts.next() != Some("arn") {
        return (None, None);
    }
    let region = parts.nth(2).filter(|region| is_region(region));
    (parts.next().filter(|account| is_account(account)), region)
}

/// What follows the account in an ARN: `instance/i-1`.
pub(super) fn resource(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)
}

/// Whether a text is an account id: twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the form of a region: `us-east-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    region_of_zone(text) == Some(text)
}

/// The region of a zone: `us-west-2` of `us-west-2b` and of `us-west-2-lax-1a`.
pub(super) fn region_of_zone(zone: &str) -> Option<&str> {
    let mut start = 0;
    for (words, word) in zone.split('-').enumerate() {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            return if words >= 2 { zone.get(..start + digits) } else { None };
        }
        if word.len() < 2 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) || (words == 0 && word.len() > 4) {
            return None;
        }
        start += word.len() + 1;
    }
    None
}

/// The partition that a region lies in.
pub fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
