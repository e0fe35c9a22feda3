//! What a line of the table of edges says: which member of a resource's properties names which other resource, and how.

/// A member that names other resources.
#[derive(Debug, Clone, Copy)]
pub(in crate::query) struct Rule {
    /// What the resource has to do with those that it names.
    pub(in crate::query) relation: &'static str,
    /// The type of those.
    pub(in crate::query) to_type: &'static str,
    /// Where their names are.
    pub(super) member: Member,
    /// What the names are.
    pub(super) names: Names,
    /// How an id, or what follows the account in an ARN, begins where it is one of that type.
    pub(super) prefix: &'static str,
    /// Whether the text is several names, separated by commas.
    pub(super) separated: bool,
    /// Whether it counts only where the rule before it has found nothing.
    pub(super) otherwise: bool,
}

/// A line of the table: a rule, and the type of the resources that have the member.
#[derive(Debug, Clone, Copy)]
pub(in crate::query) struct Line {
    /// The type.
    pub(in crate::query) from_type: &'static str,
    /// The rule.
    pub(in crate::query) rule: &'static Rule,
}

/// Where a resource has names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Members joined by dots, each element of an array by `[]`.
    pub(super) path: &'static str,
    /// Whether the path is the key of a tag instead.
    pub(super) is_tag: bool,
    /// A path, and the value there without which the names do not count.
    pub(super) when: Option<(&'static str, &'static str)>,
}

const fn member(path: &'static str) -> Member {
    Member { path, is_tag: false, when: None }
}

/// What names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Ids, or ARNs that end with them. No two resources of the type have one id.
    Ids,
    /// The same, of which there may be one in each account and region.
    LocalIds,
    /// ARNs, which are the ids.
    Arns,
    /// Names of something else, by which a resource of the type in the same account is known: without it there is no edge.
    Aliases,
}

/// The member at a path names a resource of a type by its id.
pub(super) const fn edge(relation: &'static str, to_type: &'static str, path: &'static str) -> Rule {
    Rule { relation, to_type, member: member(path), names: Names::Ids, prefix: "", separated: false, otherwise: false }
}

impl Rule {
    /// Whether it reads tags.
    pub(in crate::query) fn is_by_tag(&self) -> bool {
        self.member.is_tag
    }

    /// The path is the key of a tag.
    pub(super) const fn tag(mut self) -> Self {
        self.member.is_tag = true;
        self
    }

    /// The names are unique in an account and region only.
    pub(super) const fn local(mut self) -> Self {
        self.names = Names::LocalIds;
        self
    }

    /// The names are ARNs, and these are the ids.
    pub(super) const fn arn(mut self) -> Self {
        self.names = Names::Arns;
        self
    }

    /// The names are of something by which the resource is known.
    pub(super) const fn alias(mut self) -> Self {
        self.names = Names::Aliases;
        self
    }

    /// Other names are of another type.
    pub(super) const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Where another member has another value, the names are of another type.
    pub(super) const fn when(mut self, path: &'static str, value: &'static str) -> Self {
        self.member.when = Some((path, value));
        self
    }

    /// The text is several names, separated by commas.
    pub(super) const fn separated(mut self) -> Self {
        self.separated = true;
        self
    }

    /// Counts only where the rule before it has found nothing.
    pub(super) const fn otherwise(mut self) -> Self {
        self.otherwise = true;
        self
    }
}

/// A name besides its id by which a resource is known to others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alias {
    /// The type of the resource.
    pub(super) of_type: &'static str,
    /// Where its properties have the name.
    pub(super) member: Member,
}

/// Resources of a type are known by what is at a path.
pub(super) const fn known_by(of_type: &'static str, path: &'static str) -> Alias {
    Alias { of_type, member: member(path) }
}

impl Alias {
    /// Only where another member has a value.
    pub(super) const fn when(mut self, path: &'static str, value: &'static str) -> Self {
        self.member.when = Some((path, value));
        self
    }
}
