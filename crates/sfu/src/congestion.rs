//! How a subscriber's bandwidth is shared: audio first and never cut; then each picture's lowest layer, by priority;
//! then higher layers, one step at a time, by priority. What does not fit is lowered, and at last paused.

/// One picture that a subscriber wants.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) priority: i32,
    /// Highest layer that is wanted.
    pub(crate) max_layer: u8,
    /// Bitrate of each layer that flows, bit/s.
    pub(crate) layers: Vec<(u8, u64)>,
}

/// The layer that each wish gets; None: paused.
pub(crate) fn share(budget_bps: u64, wishes: &[Wish]) -> Vec<Option<u8>> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(wishes[*place].priority));
    let mut left = budget_bps;
    let mut given: Vec<Option<(u8, u64)>> = vec![None; wishes.len()];
    for place in &order {
        let lowest = wishes[*place].layers.iter().min_by_key(|(layer, _)| *layer);
        if let Some((layer, rate)) = lowest.filter(|(_, rate)| *rate <= left) {
            given[*place] = Some((*layer, *rate));
            left -= rate;
        }
    }
    loop {
        let mut raised = false;
        for place in &order {
            let Some((layer, rate)) = given[*place] else { continue };
            let wish = &wishes[*place];
            let next = wish
                .layers
                .iter()
                .filter(|(above, _)| *above > layer && *above <= wish.max_layer)
                .min_by_key(|(above, _)| *above);
            if let Some((above, cost)) = next.filter(|(_, cost)| cost.saturating_sub(rate) <= left) {
                left -= cost.saturating_sub(rate);
                given[*place] = Some((*above, *cost));
                raised = true;
            }
        }
        if !raised {
            return given.into_iter().map(|given| given.map(|(layer, _)| layer)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(priority: i32, layers: &[(u8, u64)]) -> Wish {
        Wish { priority, max_layer: 2, layers: layers.to_vec() }
    }

    #[test]
    fn with_enough_everybody_gets_the_best() {
        let all = [(0, 100), (1, 300), (2, 1000)];
        assert_eq!(share(10_000, &[wish(0, &all), wish(0, &all)]), [Some(2), Some(2)]);
    }

    #[test]
    fn layers_step_down_before_anyone_is_paused() {
        let all = [(0, 100), (1, 300), (2, 1000)];
        assert_eq!(share(700, &[wish(0, &all), wish(0, &all)]), [Some(1), Some(1)]);
        assert_eq!(share(200, &[wish(0, &all), wish(0, &all)]), [Some(0), Some(0)]);
    }

    #[test]
    fn priority_is_kept_longest() {
        let all = [(0, 100)];
        assert_eq!(share(150, &[wish(0, &all), wish(5, &all)]), [None, Some(0)]);
        assert_eq!(share(0, &[wish(0, &all)]), [None]);
    }
}
