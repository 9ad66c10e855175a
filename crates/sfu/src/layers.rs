//! Which of a picture's encodings a subscriber gets. A switch happens at a key frame only, so that the picture never
//! tears; until it comes the old layer goes on.

/// What happens to one packet of one encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Not forwarded.
    Drop,
    /// Forwarded with the numbering as it is.
    Pass,
    /// Forwarded, and the numbering starts anew with it.
    Switch,
}

/// One subscription's choice of layer.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    current: Option<u8>,
    /// It forwarded before: what comes next must be decodable after a gap.
    started: bool,
}

impl Selector {
    /// The layer that is forwarded now.
    pub(crate) fn current(&self) -> Option<u8> {
        self.current
    }

    /// Nothing is forwarded until a key frame comes.
    pub(crate) fn stop(&mut self) {
        self.current = None;
    }

    /// `target`: the layer that is wanted and flows. `simulcast`: there are, or may be, other layers.
    ///
    /// The first packets of a track with one layer are not held back for a key frame (a gate with a key frame a second
    /// cost 730 ms to the first packet); after a pause they are, since numbers go on without a gap and a decoder would
    /// take a delta frame for the next one.
    pub(crate) fn choose(&mut self, layer: u8, target: Option<u8>, simulcast: bool, key: bool) -> Choice {
        if self.current == Some(layer) {
            return Choice::Pass;
        }
        let may_start = match self.current {
            None => key && target.is_none_or(|target| layer <= target) || !simulcast && !self.started,
            Some(_) => key && target == Some(layer),
        };
        if !may_start {
            return Choice::Drop;
        }
        self.current = Some(layer);
        self.started = true;
        Choice::Switch
    }
}

/// The best layer that flows and is not above `max`; if none is that low, the lowest that flows.
pub(crate) fn target(flowing: impl Iterator<Item = u8> + Clone, max: u8) -> Option<u8> {
    flowing.clone().filter(|layer| *layer <= max).max().or_else(|| flowing.min())
}

/// A layer's number by its restriction id: `q`, `h`, `f` by name (clients announce them in any order), others by place.
pub(crate) fn number(rid: Option<&str>, announced: &[String]) -> u8 {
    match rid {
        None | Some("q") => 0,
        Some("h") => 1,
        Some("f") => 2,
        Some(other) => announced.iter().position(|name| name == other).unwrap_or(0).min(2) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_layer_starts_without_a_key_frame_but_goes_on_after_a_pause_only_with_one() {
        let mut selector = Selector::default();
        assert_eq!(selector.choose(0, Some(0), false, false), Choice::Switch);
        assert_eq!(selector.choose(0, Some(0), false, false), Choice::Pass);
        selector.stop();
        assert_eq!(selector.choose(0, Some(0), false, false), Choice::Drop);
        assert_eq!(selector.choose(0, Some(0), false, true), Choice::Switch);
    }

    #[test]
    fn simulcast_starts_with_what_flows_and_goes_up_at_a_key_frame() {
        let mut selector = Selector::default();
        assert_eq!(selector.choose(0, Some(2), true, false), Choice::Drop);
        assert_eq!(selector.choose(0, Some(2), true, true), Choice::Switch);
        assert_eq!(selector.choose(2, Some(2), true, false), Choice::Drop);
        assert_eq!(selector.choose(0, Some(2), true, false), Choice::Pass);
        assert_eq!(selector.choose(2, Some(2), true, true), Choice::Switch);
        assert_eq!(selector.choose(0, Some(2), true, true), Choice::Drop);
    }

    #[test]
    fn the_target_is_never_above_what_is_wanted_unless_nothing_lower_flows() {
        assert_eq!(target([0, 1, 2].into_iter(), 1), Some(1));
        assert_eq!(target([0, 2].into_iter(), 1), Some(0));
        assert_eq!(target([2].into_iter(), 0), Some(2));
        assert_eq!(target([].into_iter(), 0), None);
    }

    #[test]
    fn restriction_ids_are_ordered_by_name() {
        assert_eq!(number(Some("f"), &["f".into(), "h".into(), "q".into()]), 2);
        assert_eq!(number(Some("mid"), &["lo".into(), "mid".into()]), 1);
        assert_eq!(number(None, &[]), 0);
    }
}
