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

/// The least budget with which one more of the paused pictures would flow, all others at their lowest layer; None: none is paused.
pub(crate) fn resumption(flowing: &[&Wish], paused: &[&Wish]) -> Option<u64> {
    let lowest = |wish: &&Wish| wish.layers.iter().min_by_key(|(layer, _)| *layer).map_or(0, |(_, rate)| *rate);
    let cheapest = paused.iter().map(lowest).min()?;
    Some(flowing.iter().map(lowest).sum::<u64>() + cheapest)
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
    fn a_paused_picture_resumes_with_the_least_budget_that_is_said() {
        let wishes = [wish(0, &[(0, 100), (1, 300)]), wish(1, &[(0, 250)]), wish(0, &[(1, 180)])];
        let [a, b, c] = &wishes;
        assert_eq!(resumption(&[a, b, c], &[]), None);
        assert_eq!(resumption(&[a], &[b, c]), Some(280));
        assert_eq!(share(280, &[a.clone(), c.clone()]), [Some(0), Some(1)]);
        assert_eq!(share(279, &[a.clone(), c.clone()]), [Some(0), None]);
    }

    #[test]
    fn priority_is_kept_longest() {
        let all = [(0, 100)];
        assert_eq!(share(150, &[wish(0, &all), wish(5, &all)]), [None, Some(0)]);
        assert_eq!(share(0, &[wish(0, &all)]), [None]);
    }
}
