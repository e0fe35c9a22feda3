//! What keys and ARNs tell of where a resource lies.

/// The region of what lies in none.
const GLOBAL: &str = "global";

/// A place in a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    provider: &'a str,
    /// Empty where an ARN names none.
    account_id: &'a str,
    region: &'a str,
}

impl<'a> Place<'a> {
    /// Where the resource of a key lies.
    pub(super) fn of_key(key: &'a str) -> Self {
        let mut parts = key.split('/');
        let mut next = || parts.next().unwrap_or_default();
        Self { provider: next(), account_id: next(), region: next() }
    }

    /// In the same account, but in no region.
    pub(super) fn global(self) -> Self {
        Self { region: GLOBAL, ..self }
    }

    /// How the keys of all resources there begin.
    pub(super) fn key_prefix(self) -> String {
        format!("{}/{}/{}/", self.provider, self.account_id, self.region)
    }
}

/// An ARN: `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account_id: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads an ARN; `None` if the text is none.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(1);
        Some(Self { service: parts.next()?, region: parts.next()?, account_id: parts.next()?, resource: parts.next()? })
    }

    /// What follows the account: `role/people/ann`, `db:orders`, `key/1234`.
    pub(super) fn resource(self) -> &'a str {
        self.resource
    }

    /// The id in it, where the whole is not the id.
    pub(super) fn id(self) -> &'a str {
        let named = self.resource.split_once([':', '/']).map_or(self.resource, |(_, named)| named);
        match self.service {
            "s3" => self.resource.split('/').next().unwrap_or_default(),
            "iam" => named.rsplit('/').next().unwrap_or_default(),
            "lambda" => named.split(':').next().unwrap_or_default(),
            "logs" => named.trim_end_matches(":*"),
            _ => named,
        }
    }

    /// Where it says that the resource lies.
    pub(super) fn place(self, provider: &'a str) -> Place<'a> {
        let region = if self.region.is_empty() { GLOBAL } else { self.region };
        Place { provider, account_id: self.account_id, region }
    }
}
