//! The four sites of the estate (an account in a region), and how the ids of their parts are named.

use crate::dice::Dice;
use crate::world::{PROD, Place, STAGING, Tags, tags};

/// One VPC of the estate, with what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) place: Place,
    /// The prefix of names: `prod`, `prod-eu`, `staging`, `sandbox`.
    pub(crate) label: &'static str,
    pub(crate) env: &'static str,
    /// The first two numbers of its addresses: `10.20`.
    pub(crate) prefix: &'static str,
    /// Zones by their letter.
    pub(crate) zones: &'static [&'static str],
    /// Tiers of subnets, in the order of their addresses.
    pub(crate) tiers: &'static [&'static str],
}

const VIRGINIA: &str = "us-east-1";
const IRELAND: &str = "eu-west-1";

/// Where the copies for disaster recovery are: buckets only.
pub(crate) const OREGON: &str = "us-west-2";

pub(crate) const MAIN: Site = Site {
    place: Place { account: PROD, region: VIRGINIA },
    label: "prod",
    env: "prod",
    prefix: "10.20",
    zones: &["a", "b", "c"],
    tiers: &["public", "private", "data"],
};

pub(crate) const EUROPE: Site = Site {
    place: Place { account: PROD, region: IRELAND },
    label: "prod-eu",
    env: "prod",
    prefix: "10.21",
    zones: &["a", "b"],
    tiers: &["public", "private", "data"],
};

pub(crate) const TRIAL: Site = Site {
    place: Place { account: STAGING, region: VIRGINIA },
    label: "staging",
    env: "staging",
    prefix: "10.30",
    zones: &["a", "b"],
    tiers: &["public", "private"],
};

pub(crate) const SANDBOX: Site = Site {
    place: Place { account: STAGING, region: IRELAND },
    label: "sandbox",
    env: "dev",
    prefix: "10.31",
    zones: &["a"],
    tiers: &["public"],
};

impl Site {
    /// The label that the ids of this site's parts are made from.
    pub(crate) fn key(&self, part: &str) -> String {
        format!("{} {part}", self.label)
    }

    pub(crate) fn vpc(&self, dice: Dice) -> String {
        dice.id("vpc", self.label)
    }

    pub(crate) fn subnet(&self, dice: Dice, tier: &str, zone: &str) -> String {
        dice.id("subnet", &self.key(&format!("{tier}-{zone}")))
    }

    pub(crate) fn route_table(&self, dice: Dice, name: &str) -> String {
        dice.id("rtb", &self.key(name))
    }

    pub(crate) fn group(&self, dice: Dice, name: &str) -> String {
        dice.id("sg", &self.key(name))
    }

    pub(crate) fn internet_gateway(&self, dice: Dice) -> String {
        dice.id("igw", self.label)
    }

    pub(crate) fn nat_gateway(&self, dice: Dice, zone: &str) -> String {
        dice.id("nat", &self.key(zone))
    }

    /// The third number of a subnet's /24.
    pub(crate) fn third_octet(&self, tier: &str, zone: &str) -> usize {
        let tier = self.tiers.iter().position(|known| *known == tier).unwrap_or(0);
        let zone = self.zones.iter().position(|known| *known == zone).unwrap_or(0);
        tier * 16 + zone
    }

    pub(crate) fn zone_name(&self, zone: &str) -> String {
        format!("{}{zone}", self.place.region)
    }

    pub(crate) fn zone_id(&self, zone: &str) -> String {
        let region = if self.place.region == IRELAND { "euw1" } else { "use1" };
        let number = match zone {
            "a" => 4,
            "b" => 6,
            _ => 1,
        };
        format!("{region}-az{number}")
    }

    /// The tags that the platform team's templates put on everything.
    pub(crate) fn tags(&self, name: &str, service: &str, owner: &str) -> Tags {
        tags(&[("Name", name), ("env", self.env), ("owner", owner), ("service", service), ("managed-by", "terraform")])
    }
}
