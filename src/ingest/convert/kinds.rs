//! What a line of the table of kinds says: where the AWS command line lists a kind of resource, and where each resource
//! says what we keep as columns. A path is members joined by dots (`State.Name`).

/// One kind of resource in one listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The service, as the command line calls it.
    pub(super) service: &'static str,
    /// The top-level member of the answer that holds it.
    pub(super) member: &'static str,
    /// The list inside that member, or inside each of its elements; empty where the member itself is the list.
    pub(super) inner: &'static str,
    /// The cloud's own name of the type.
    pub(super) native_type: &'static str,
    /// The name of the typed view.
    pub(super) resource_type: &'static str,
    /// Members that may hold the id; the first present counts.
    pub(super) id: &'static [&'static str],
    /// A second member that the id needs to be unique: `id:second`.
    pub(super) id_then: &'static str,
    /// Members, with the value if not empty, without which an element is of another kind.
    pub(super) needs: &'static [(&'static str, &'static str)],
    /// What an AWS Config item calls this id.
    pub(super) item_id: ItemId,
    /// The member that holds the ARN.
    pub(super) arn: &'static str,
    /// How to make the ARN where that member is missing.
    pub(super) arn_form: Option<ArnForm>,
    /// The member that holds the cloud's own name.
    pub(super) name: &'static str,
    /// The path of the state.
    pub(super) state: &'static str,
    /// The path of the time of creation.
    pub(super) created: &'static str,
    /// Where tags are.
    pub(super) tags: Tags,
    /// Where the resource lies.
    pub(super) place: Place,
    /// What the listing says about what is not in it.
    pub(super) listing: Listing,
}

/// Which member of an AWS Config item is the resource's id in Elava.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemId {
    /// `resourceId`.
    Id,
    /// `resourceName`: where `resourceId` is not what the service's own calls take.
    Name,
    /// `arn`.
    Arn,
}

/// The documented form of an ARN: `arn:PARTITION:service:REGION:ACCOUNT:prefix` and the id.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArnForm {
    pub(super) service: &'static str,
    pub(super) prefix: &'static str,
    pub(super) with_account: bool,
    /// Ends with the name in place of the id.
    pub(super) by_name: bool,
}

/// What a listing tells about tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    /// Nothing, unless they are there all the same: missing = unknown.
    Unlisted,
    /// This member is there where there are tags: missing = none.
    IfAny(&'static str),
    /// This member is always there: missing = unknown, since whoever made the document left it out.
    Always(&'static str),
}

/// Where resources of a kind lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the one region that was asked.
    Region,
    /// In none.
    Global,
    /// Each in its own, all of them in one answer.
    EachItsOwn,
    /// In the region asked or another; the answer is whole only for the one asked.
    Home,
}

/// What absence from a listing can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// A whole answer names every resource of the account.
    Whole,
    /// As `Whole`, but resources of other accounts may be most of it, so that the account asked must be told.
    WithForeign,
    /// Holds what was asked for by name: never complete.
    Asked,
}

/// A kind with an id and nothing else.
pub(super) const fn kind(
    service: &'static str,
    member: &'static str,
    native_type: &'static str,
    resource_type: &'static str,
    id: &'static [&'static str],
) -> Kind {
    Kind {
        service,
        member,
        inner: "",
        native_type,
        resource_type,
        id,
        id_then: "",
        needs: &[],
        item_id: ItemId::Id,
        arn: "",
        arn_form: None,
        name: "",
        state: "",
        created: "",
        tags: Tags::Unlisted,
        place: Place::Region,
        listing: Listing::Whole,
    }
}

/// A kind of EC2: tags are there where there are any, the ARN is made from the id.
pub(super) const fn ec2(
    member: &'static str,
    native_type: &'static str,
    resource_type: &'static str,
    id: &'static [&'static str],
    prefix: &'static str,
) -> Kind {
    kind("ec2", member, native_type, resource_type, id).tags(Tags::IfAny("Tags")).arn_form("ec2", prefix)
}

/// A kind of RDS: named by an identifier, the ARN and mostly the tags are listed.
pub(super) const fn rds(
    member: &'static str,
    native_type: &'static str,
    resource_type: &'static str,
    id: &'static [&'static str],
    arn: &'static str,
) -> Kind {
    kind("rds", member, native_type, resource_type, id).item(ItemId::Name).arn(arn)
}

/// A kind of IAM: global, named, with an `Arn` and a `CreateDate`.
pub(super) const fn iam(member: &'static str, native_type: &'static str, resource_type: &'static str, id: &'static [&'static str]) -> Kind {
    kind("iam", member, native_type, resource_type, id)
        .item(ItemId::Name)
        .arn("Arn")
        .created("CreateDate")
        .place(Place::Global)
        .needs(&[("Arn", "")])
}

impl Kind {
    /// The list inside the member.
    pub(super) const fn inner(mut self, list: &'static str) -> Self {
        self.inner = list;
        self
    }

    /// The id needs a second member.
    pub(super) const fn id_then(mut self, member: &'static str) -> Self {
        self.id_then = member;
        self
    }

    /// Without these an element is of another kind.
    pub(super) const fn needs(mut self, needs: &'static [(&'static str, &'static str)]) -> Self {
        self.needs = needs;
        self
    }

    /// What an AWS Config item calls the id.
    pub(super) const fn item(mut self, item_id: ItemId) -> Self {
        self.item_id = item_id;
        self
    }

    /// The member that holds the ARN.
    pub(super) const fn arn(mut self, member: &'static str) -> Self {
        self.arn = member;
        self
    }

    /// The ARN is made from the id.
    pub(super) const fn arn_form(mut self, service: &'static str, prefix: &'static str) -> Self {
        self.arn_form = Some(ArnForm { service, prefix, with_account: true, by_name: false });
        self
    }

    /// The ARN's form has no account.
    pub(super) const fn arn_unowned(mut self, service: &'static str, prefix: &'static str) -> Self {
        self.arn_form = Some(ArnForm { service, prefix, with_account: false, by_name: false });
        self
    }

    /// The ARN's form ends with the name.
    pub(super) const fn arn_named(mut self, service: &'static str, prefix: &'static str) -> Self {
        self.arn_form = Some(ArnForm { service, prefix, with_account: true, by_name: true });
        self
    }

    /// The member that holds the name.
    pub(super) const fn name(mut self, member: &'static str) -> Self {
        self.name = member;
        self
    }

    /// The path of the state.
    pub(super) const fn state(mut self, path: &'static str) -> Self {
        self.state = path;
        self
    }

    /// The path of the time of creation.
    pub(super) const fn created(mut self, path: &'static str) -> Self {
        self.created = path;
        self
    }

    /// Where tags are.
    pub(super) const fn tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    /// Where the resource lies.
    pub(super) const fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// What absence can mean.
    pub(super) const fn listing(mut self, listing: Listing) -> Self {
        self.listing = listing;
        self
    }
}
