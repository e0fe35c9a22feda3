//! Addresses and networks as text, as PostgreSQL's `inet` and `cidr` show them: `host(..)`, `masklen(..)`, `<<` and their like.
//!
//! What is no address is NULL, not an error: filters may be put to a column before the rows of other types are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::ScalarUDF;

use super::row::{Makes, Row, RowFunction, Takes};

/// Whether the first network is part of the second, and not all of it.
pub(in crate::query) static WITHIN: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let within = |row: &Row<'_>| {
        let (inner, outer) = (network(row, 0)?, network(row, 1)?);
        Some(inner.is_in(&outer) && inner.length > outer.length)
    };
    RowFunction::udf(&["network_sub"], Takes::Texts(2), Makes::Bool(within))
});

/// Whether the first network is part of the second, or all of it.
pub(in crate::query) static WITHIN_OR_EQUAL: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let within = |row: &Row<'_>| Some(network(row, 0)?.is_in(&network(row, 1)?));
    RowFunction::udf(&["network_subeq"], Takes::Texts(2), Makes::Bool(within))
});

/// The functions. `inet` and `cidr` are what casts to these types become.
pub(super) fn functions() -> [Arc<ScalarUDF>; 9] {
    let text = |name: &'static str, of: fn(&Row<'_>) -> Option<String>| RowFunction::udf(&[name], Takes::Texts(1), Makes::Text(of));
    let number = |name: &'static str, of: fn(&Row<'_>) -> Option<i64>| RowFunction::udf(&[name], Takes::Texts(1), Makes::Integer(of));
    [
        text("inet", |row| network(row, 0).map(|network| network.shown())),
        text("cidr", |row| network(row, 0).filter(|network| network.bits & network.host_mask() == 0).map(|network| network.cidr())),
        text("host", |row| network(row, 0).map(|network| network.address(network.bits).to_string())),
        text("network", |row| network(row, 0).map(|network| network.with(network.bits & !network.host_mask()).cidr())),
        text("broadcast", |row| network(row, 0).map(|network| network.with(network.bits | network.host_mask()).shown())),
        text("netmask", |row| network(row, 0).map(|network| network.address(network.all() & !network.host_mask()).to_string())),
        text("hostmask", |row| network(row, 0).map(|network| network.address(network.host_mask()).to_string())),
        number("masklen", |row| network(row, 0).map(|network| i64::from(network.length))),
        number("family", |row| network(row, 0).map(|network| if network.width == 32 { 4 } else { 6 })),
    ]
}

fn network(row: &Row<'_>, nth: usize) -> Option<Network> {
    Network::parse(row.text(nth)?)
}

/// An address and the length of its network's part.
#[derive(Debug, Clone, Copy)]
struct Network {
    bits: u128,
    length: u32,
    /// 32 or 128.
    width: u32,
}

impl Network {
    /// An address, with or without the length.
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.trim().split_once('/').map_or((text.trim(), None), |(address, length)| (address, Some(length)));
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let length = length.map_or(Some(width), |length| length.parse().ok())?;
        (length <= width).then_some(Self { bits, length, width })
    }

    fn with(self, bits: u128) -> Self {
        Self { bits, ..self }
    }

    /// The bits of all addresses of its family.
    fn all(&self) -> u128 {
        u128::MAX >> (128 - self.width)
    }

    /// The bits that tell hosts of its network apart.
    fn host_mask(&self) -> u128 {
        self.all().checked_shr(self.length).unwrap_or(0)
    }

    fn is_in(&self, outer: &Self) -> bool {
        self.width == outer.width && self.length >= outer.length && (self.bits ^ outer.bits) & !outer.host_mask() == 0
    }

    fn address(&self, bits: u128) -> IpAddr {
        match u32::try_from(bits) {
            Ok(bits) if self.width == 32 => IpAddr::V4(Ipv4Addr::from(bits)),
            _ => IpAddr::V6(Ipv6Addr::from(bits)),
        }
    }

    /// With its length, always.
    fn cidr(&self) -> String {
        format!("{}/{}", self.address(self.bits), self.length)
    }

    /// With its length, unless it is one address.
    fn shown(&self) -> String {
        if self.length == self.width { self.address(self.bits).to_string() } else { self.cidr() }
    }
}
