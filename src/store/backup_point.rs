//! The point at which a backup stands.
//!
//! A place that is copied into holds, while that goes on, more than one state and less than two. So a backup tells how far
//! what it holds counts: by an object whose name says it, `manifest/backup.<seq, 20 digits>.<manifest, 20 digits>`, made when
//! everything else is there. Readers go by the newest, which they see in the listing of manifests that they make anyway; what
//! lies beyond is not there for them. A place with such a point is never written to: only `restore` makes a store of it.

use super::backend::Listed;
use super::manifest::manifest_number;

/// How far a backup counts: the last segment, and the manifest in force; 0 = none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupPoint {
    /// The last segment.
    pub seq: u64,
    /// The manifest.
    pub manifest: u64,
}

impl BackupPoint {
    /// That of a backup that was begun, and of which nothing counts yet.
    pub const BEGUN: Self = Self { seq: 0, manifest: 0 };

    /// The name of its object.
    pub fn name(self) -> String {
        format!("manifest/backup.{:020}.{:020}", self.seq, self.manifest)
    }

    /// From the name of its object.
    fn of_name(name: &str) -> Option<Self> {
        let (seq, manifest) = name.strip_prefix("manifest/backup.")?.split_once('.')?;
        let number = |digits: &str| if digits.len() == 20 { digits.parse().ok() } else { None };
        Some(Self { seq: number(seq)?, manifest: number(manifest)? })
    }

    /// All in a listing of manifests.
    pub fn all(listed: &[Listed]) -> impl Iterator<Item = Self> {
        listed.iter().filter_map(|listed| Self::of_name(&listed.name))
    }

    /// The newest in a listing of manifests; `None` if the place is no backup.
    pub fn newest(listed: &[Listed]) -> Option<Self> {
        Self::all(listed).max()
    }
}

/// The number of the manifest that is in force, by a listing of manifests.
pub fn manifest_in_force(listed: &[Listed]) -> Option<u64> {
    let last = BackupPoint::newest(listed).map_or(u64::MAX, |point| point.manifest);
    listed.iter().filter_map(|listed| manifest_number(&listed.name)).filter(|number| *number <= last).max()
}

#[cfg(test)]
#[test]
fn the_newest_point_tells_which_manifest_is_in_force() {
    let listed =
        |names: &[String]| -> Vec<Listed> { names.iter().map(|name| Listed { name: name.clone(), bytes: 1, age_seconds: 0 }).collect() };
    let manifests = [7, 8, 9].map(super::manifest::manifest_name);
    assert_eq!(manifest_in_force(&listed(&manifests)), Some(9));
    let points = [BackupPoint { seq: 30, manifest: 7 }, BackupPoint { seq: 41, manifest: 8 }, BackupPoint::BEGUN];
    let with_points = [manifests.as_slice(), &points.map(BackupPoint::name)].concat();
    assert_eq!(BackupPoint::newest(&listed(&with_points)), Some(points[1]));
    assert_eq!(manifest_in_force(&listed(&with_points)), Some(8));
    assert_eq!(manifest_in_force(&listed(&[manifests[0].clone(), BackupPoint::BEGUN.name()])), None);
    for name in ["manifest/backup.1.2", "manifest/00000000000000000001", "manifest/backup.00000000000000000001"] {
        assert_eq!(BackupPoint::newest(&listed(&[name.to_owned()])), None, "{name}");
    }
}
