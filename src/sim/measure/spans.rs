//! Spans of time and counts over time: what every measure is put together from.

use crate::sim::report::{Bin, Distribution};

/// Milliseconds in an hour.
pub(super) const HOUR: f64 = 3_600_000.0;

/// Most bins of a histogram, the one for everything beyond included.
const BINS: usize = 24;

/// Spans of time, kept one by one so that quantiles are exact: four bytes each.
#[derive(Default)]
pub(super) struct Spans {
    hours: Vec<f32>,
    total: i64,
}

impl Spans {
    /// A span of so many milliseconds.
    pub(super) fn push(&mut self, millis: i64) {
        let millis = millis.max(0);
        self.total = self.total.saturating_add(millis);
        self.hours.push((millis as f64 / HOUR) as f32);
    }

    /// How many.
    pub(super) fn len(&self) -> u64 {
        self.hours.len() as u64
    }

    /// All of them together, in milliseconds.
    pub(super) const fn total(&self) -> i64 {
        self.total
    }

    /// Mean, quantiles and histogram.
    pub(super) fn distribution(mut self) -> Distribution {
        self.hours.sort_unstable_by(f32::total_cmp);
        let (count, p99, most) = (self.len(), self.quantile(0.99), self.quantile(1.0));
        Distribution {
            count,
            mean_hours: self.mean(),
            p50_hours: self.quantile(0.5),
            p90_hours: self.quantile(0.9),
            p99_hours: p99,
            max_hours: most,
            bins: self.bins(p99, most),
        }
    }

    /// The mean in hours; nothing where there are none.
    pub(super) fn mean(&self) -> f64 {
        if self.hours.is_empty() { 0.0 } else { self.total as f64 / HOUR / self.hours.len() as f64 }
    }

    /// The quantile in hours, by the nearest rank: the least span that at least this share of all is not longer than.
    /// Only once they are sorted.
    fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.hours.len() as f64).ceil() as usize;
        let hours = self.hours.get(rank.saturating_sub(1)).copied().map_or(0.0, f64::from);
        // To a third of a second: what is beyond that is not in the four bytes.
        (hours * 10_000.0).round() / 10_000.0
    }

    /// The 90th percentile in hours.
    pub(super) fn p90(&mut self) -> f64 {
        self.hours.sort_unstable_by(f32::total_cmp);
        self.quantile(0.9)
    }

    /// Bins of a width that people read easily, as many as it takes to the 99th percentile, and one for what is beyond.
    fn bins(&self, p99: f64, most: f64) -> Vec<Bin> {
        if self.hours.is_empty() {
            return Vec::new();
        }
        let width = readable_width(p99, BINS - 1);
        let whole = ((p99 / width).floor() as usize + 1).min(BINS - 1);
        let mut counts = vec![0_u64; whole + 1];
        for hours in &self.hours {
            let place = (f64::from(*hours) / width).floor() as usize;
            if let Some(count) = counts.get_mut(place.min(whole)) {
                *count += 1;
            }
        }
        let mut bins: Vec<Bin> = counts
            .iter()
            .enumerate()
            .map(|(place, count)| Bin {
                from_hours: place as f64 * width,
                to_hours: (place + 1) as f64 * width,
                count: *count,
            })
            .collect();
        match bins.last_mut() {
            Some(last) if last.count == 0 => drop(bins.pop()),
            Some(last) => last.to_hours = most.max(last.from_hours),
            None => {}
        }
        bins
    }
}

/// The least of 1, 2 or 5 times a power of ten, or of 6, 12 and 24 hours, of which `bins` cover `most`.
fn readable_width(most: f64, bins: usize) -> f64 {
    let least = (most / bins as f64).max(0.01);
    let decade = 10_f64.powf(least.log10().floor());
    let decimal = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    let clock = [6.0, 12.0, 24.0];
    decimal.into_iter().chain(clock).filter(|width| *width >= least).fold(f64::INFINITY, f64::min)
}

/// A number that goes up and down, with its mean over time.
#[derive(Clone, Copy, Default)]
pub(super) struct Gauge {
    now: u32,
    most: u32,
    /// The number times how long it was that, in milliseconds.
    area: i128,
    since: i64,
}

impl Gauge {
    /// One more, from then on.
    pub(super) fn rise(&mut self, at: i64) {
        self.pass(at);
        self.now = self.now.saturating_add(1);
        self.most = self.most.max(self.now);
    }

    /// One less, from then on.
    pub(super) fn fall(&mut self, at: i64) {
        self.pass(at);
        self.now = self.now.saturating_sub(1);
    }

    /// It stays what it is until then.
    pub(super) fn pass(&mut self, at: i64) {
        let passed = at.saturating_sub(self.since).max(0);
        self.area += i128::from(self.now) * i128::from(passed);
        self.since = self.since.max(at);
    }

    /// What it is.
    pub(super) const fn now(&self) -> u32 {
        self.now
    }

    /// What it was at most.
    pub(super) const fn most(&self) -> u32 {
        self.most
    }

    /// Its mean over so many milliseconds.
    pub(super) fn mean(&self, span: i64) -> f64 {
        if span <= 0 { 0.0 } else { self.area as f64 / span as f64 }
    }
}

/// `part` of `whole`; nothing of nothing.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_nearest_rank_and_the_mean_is_exact() {
        let mut spans = Spans::default();
        (1..=100_i64).rev().for_each(|hours| spans.push(hours * 3_600_000));
        let found = spans.distribution();
        assert_eq!((found.count, found.mean_hours), (100, 50.5));
        let quantiles = (found.p50_hours, found.p90_hours, found.p99_hours, found.max_hours);
        assert_eq!(quantiles, (50.0, 90.0, 99.0, 100.0));
        assert_eq!(found.bins.iter().map(|bin| bin.count).sum::<u64>(), 100);
        assert!(found.bins.len() <= BINS);
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        let found = Spans::default().distribution();
        assert_eq!((found.count, found.mean_hours, found.p99_hours), (0, 0.0, 0.0));
        assert!(found.bins.is_empty());
    }

    #[test]
    fn the_last_bin_takes_what_is_beyond_the_99th_percentile() {
        let mut spans = Spans::default();
        (0..199).for_each(|_| spans.push(1_800_000));
        spans.push(1_000 * 3_600_000);
        let bins = spans.distribution().bins;
        assert_eq!(bins.first().map(|bin| bin.count), Some(0));
        let last = bins.last().expect("there are bins");
        assert_eq!((last.to_hours, last.count), (1_000.0, 1));
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), 200);
    }

    #[test]
    fn bins_are_of_widths_that_people_read_easily() {
        for (most, width) in
            [(0.0, 0.01), (23.0, 1.0), (30.0, 2.0), (130.0, 6.0), (240.0, 12.0), (500.0, 24.0), (700.0, 50.0)]
        {
            assert_eq!(readable_width(most, 23), width, "{most}");
        }
    }

    #[test]
    fn a_gauge_weighs_by_time() {
        let mut gauge = Gauge::default();
        gauge.rise(0);
        gauge.rise(10);
        gauge.fall(20);
        gauge.fall(40);
        gauge.pass(50);
        assert_eq!((gauge.now(), gauge.most()), (0, 2));
        assert_eq!(gauge.mean(50), 1.0);
    }
}
