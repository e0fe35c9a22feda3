//! When jobs are due. That they are done then is tested from outside, on a store.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Europe::Vienna;
use chrono_tz::Tz;

use super::*;
use crate::model::{TimeSpan, Timestamp};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn cron(text: &str, zone: Tz) -> Cron {
    Cron::parse(text, zone).unwrap()
}

/// All moments of an expression after one, up to and including another.
fn moments(cron: &Cron, after: &str, until: &str) -> Vec<String> {
    let (mut at, until) = (time(after), time(until));
    let mut found = Vec::new();
    while let Some(next) = cron.next(at).filter(|next| *next <= until) {
        found.push(next.to_string());
        at = next;
    }
    found
}

#[test]
fn a_time_on_the_wall_comes_once_on_each_day_also_where_clocks_change() {
    let nightly = cron("30 2 * * *", Vienna);
    // Summer time ends at 03:00, which is 02:00 then: 02:30 comes twice.
    assert_eq!(
        moments(&nightly, "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"),
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    // It begins at 02:00, which is 03:00 then: 02:30 does not come.
    assert_eq!(
        moments(&nightly, "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z"),
        ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
    );
    assert_eq!(moments(&nightly, "2026-10-25T00:30:00Z", "2026-10-26T00:00:00Z"), Vec::<String>::new(), "02:30 comes again");
    assert_eq!(moments(&nightly, "2027-03-28T00:59:59.5Z", "2027-03-28T12:00:00Z"), ["2027-03-28T01:00:00Z"]);
    let two = cron("0,30 2 * * *", Vienna);
    assert_eq!(moments(&two, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z"), ["2027-03-28T01:00:00Z"], "both are left out");
}

/// The oracle looks at what the clocks show at every minute.
#[test]
fn what_repeats_follows_the_clocks_on_the_wall() {
    type Shows = fn(u32, u32) -> bool;
    let expressions: [(&str, Shows); 4] = [
        ("* * * * *", |_, _| true),
        ("*/15 * * * *", |_, minute| minute % 15 == 0),
        ("10 */2 * * *", |hour, minute| minute == 10 && hour % 2 == 0),
        ("*/20 2 * * *", |hour, minute| minute % 20 == 0 && hour == 2),
    ];
    for zone in [Vienna, Tz::Australia__Lord_Howe, Tz::UTC] {
        for (text, shows) in expressions {
            for (after, until) in [
                ("2026-10-03T12:00:00Z", "2026-10-05T00:00:00Z"),
                ("2026-10-24T12:00:00Z", "2026-10-26T00:00:00Z"),
                ("2027-03-27T12:00:00Z", "2027-03-29T00:00:00Z"),
                ("2027-04-03T06:00:00Z", "2027-04-04T20:00:00Z"),
            ] {
                let mut minute: DateTime<Utc> = after.parse().unwrap();
                let mut expected = Vec::new();
                while {
                    minute += TimeDelta::minutes(1);
                    minute <= until.parse::<DateTime<Utc>>().unwrap()
                } {
                    let wall = minute.with_timezone(&zone);
                    if shows(wall.hour(), wall.minute()) {
                        expected.push(minute.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
                    }
                }
                assert_eq!(moments(&cron(text, zone), after, until), expected, "{text} in {zone} after {after}");
            }
        }
    }
}

#[test]
fn expressions_are_those_of_cron() {
    for (text, next) in [
        ("0 6 * * mon-fri", "2026-11-30T06:00:00Z"),
        ("0 0 1 * *", "2026-12-01T00:00:00Z"),
        ("15 10 29 2 *", "2028-02-29T10:15:00Z"),
        ("0 0 13 * fri", "2026-12-04T00:00:00Z"),
        ("@daily", "2026-11-29T00:00:00Z"),
    ] {
        assert_eq!(cron(text, Tz::UTC).next(time("2026-11-28T12:00:00Z")).unwrap().to_string(), next, "{text}");
    }
    for text in ["", "* * * *", "* * * * * *", "61 * * * *", "0 6 * * someday", "0 0 30 2 *"] {
        assert!(Cron::parse(text, Tz::UTC).is_err(), "{text}");
    }
    assert!(zone("Europe/Wien").is_err() && zone("Europe/Vienna").is_ok());
}

fn every(seconds: u32, jitter: u32) -> Timing {
    Timing::new(Beat::Every(TimeSpan::from_seconds(seconds)), Some(TimeSpan::from_seconds(jitter))).unwrap()
}

#[test]
fn a_beat_has_room_for_its_jitter() {
    assert_eq!(Timing::new(Beat::Every(TimeSpan::from_seconds(900)), None).unwrap().jitter, TimeSpan::from_seconds(90));
    assert!(Timing::new(Beat::Every(TimeSpan::from_seconds(9)), None).is_err());
    assert!(Timing::new(Beat::Every(TimeSpan::from_seconds(60)), Some(TimeSpan::from_seconds(60))).is_err());
    let cron = || Beat::Cron(Box::new(cron("0 6 * * *", Tz::UTC)));
    assert_eq!(Timing::new(cron(), None).unwrap().jitter, TimeSpan::from_seconds(0));
    assert!(Timing::new(cron(), Some(TimeSpan::from_seconds(25 * 3600))).is_err());
}

#[test]
fn beats_are_counted_from_1970_and_what_was_missed_is_due_once() {
    let six_hours = every(6 * 3600, 0);
    let at = |text: &str| Some(time(text));
    let newest = |after: Option<Timestamp>, now: &str| six_hours.newest("scan", after, time(now)).map(|due| due.at);
    assert_eq!(newest(None, "2026-11-28T13:00:00Z"), at("2026-11-28T12:00:00Z"), "never done: at once");
    assert_eq!(newest(at("2026-11-28T12:00:00Z"), "2026-11-28T17:59:59Z"), None);
    assert_eq!(newest(at("2026-11-28T12:00:00Z"), "2026-11-28T18:00:00Z"), at("2026-11-28T18:00:00Z"));
    assert_eq!(newest(at("2026-11-20T12:00:00Z"), "2026-11-28T18:00:01Z"), at("2026-11-28T18:00:00Z"), "the newest only");
    assert_eq!(newest(at("2026-12-01T00:00:00Z"), "2026-11-28T18:00:00Z"), None, "a clock that went back");
    let yearly = Timing::new(Beat::Cron(Box::new(cron("0 6 24 12 *", Vienna))), None).unwrap();
    assert_eq!(yearly.newest("x", None, time("2026-11-28T00:00:00Z")).unwrap().at, time("2025-12-24T05:00:00Z"));
}

#[test]
fn a_start_is_later_than_its_due_time_by_the_same_each_time() {
    let hourly = every(3600, 600);
    let now = time("2026-11-28T12:30:00Z");
    let due = hourly.newest("scan", None, now).unwrap();
    assert_eq!(due.at, time("2026-11-28T12:00:00Z"));
    assert_eq!(hourly.newest("scan", None, time("2026-11-28T12:59:00Z")), Some(due), "the same for all who ask");
    assert_eq!(hourly.newest("scan", None, due.start), Some(due));
    let before = hourly.newest("scan", None, due.start.minus(Duration::from_micros(1))).unwrap();
    assert_eq!(before.at, time("2026-11-28T11:00:00Z"), "its start has not come");
    assert_eq!(hourly.next("scan", Some(before.at), due.start.minus(Duration::from_micros(1))), Some(due));
    let late: BTreeSet<Duration> = (0..500)
        .map(|hour| {
            let due = hourly.next("scan", None, now.plus(Duration::from_secs(hour * 3600))).unwrap();
            due.start.since(due.at)
        })
        .collect();
    assert!(late.len() > 450 && late.iter().all(|late| *late < Duration::from_secs(600)));
    assert!(late.iter().any(|late| *late > Duration::from_secs(540)) && late.iter().any(|late| *late < Duration::from_secs(60)));
    assert_ne!(hourly.newest("other", None, now).unwrap().start, due.start, "other jobs start at another time");
}

/// More jitter than there is between two due times: starts may change places, and none is lost or waits for ever.
#[test]
fn jitter_may_be_longer_than_the_time_between_two_due_times() {
    let often = Timing::new(Beat::Cron(Box::new(cron("*/5 * * * *", Tz::UTC))), Some(TimeSpan::from_seconds(1200))).unwrap();
    let (mut now, mut after, mut done) = (time("2026-11-28T00:00:00Z"), Some(time("2026-11-28T00:00:00Z")), 0);
    while now < time("2026-11-29T00:00:00Z") {
        if let Some(due) = often.newest("x", after, now) {
            assert!(due.start <= now && Some(due.at) > after);
            (after, done) = (Some(due.at), done + 1);
        }
        let next = often.next("x", after, now).unwrap();
        assert!(next.start > now && Some(next.at) > after);
        now = next.start;
    }
    assert!(done > 60, "{done} of 288");
}
