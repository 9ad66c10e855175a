//! How the loop's thread ends when nobody asked it to, and where its panics were: never what they say, since a panic's
//! message can quote what a client sent.

use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What ended the loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A fault of ours.
    Panic,
    /// A socket that can't be used any more.
    Io,
}

/// The end of the loop that nobody asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What ended it.
    pub cause: Cause,
    /// `file:line:column` of a panic, or the system's words for the error: neither quotes a client.
    pub place: String,
}

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Run a thread's whole work; what it was, if it did not end as it should.
pub(crate) fn watched(work: impl FnOnce() -> io::Result<()>) -> Result<(), Failure> {
    watch();
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure { cause: Cause::Io, place: error.to_string() }),
        Err(_) => Err(Failure { cause: Cause::Panic, place: caught().unwrap_or_else(|| "nowhere".to_owned()) }),
    }
}

/// Where this thread last panicked since this was asked before.
pub(crate) fn caught() -> Option<String> {
    PLACE.take()
}

/// From now on this thread's panics are not printed but remembered; other threads' are printed as before.
fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_WATCHED.get() {
                PLACE.set(panic.location().map(ToString::to_string));
            } else {
                others(panic);
            }
        }));
    });
    IS_WATCHED.set(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a thread of its own, as in the core: being watched is for good.
    fn outcome(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), Failure> {
        std::thread::spawn(|| watched(work)).join().expect("nothing gets out")
    }

    #[test]
    fn a_panic_is_told_by_its_place_and_not_by_what_it_says() {
        let failure = outcome(|| panic!("candidate 192.0.2.7")).expect_err("a failure");
        assert_eq!(failure.cause, Cause::Panic);
        assert!(failure.place.starts_with(file!()), "{failure:?}");
        assert!(!format!("{failure:?}").contains("192.0.2.7"));
    }

    #[test]
    fn a_panic_that_somebody_catches_leaves_its_place_and_ends_nothing() {
        let work = || {
            let _ = catch_unwind(|| panic!("caught"));
            assert!(caught().expect("a place").starts_with(file!()));
            assert_eq!(caught(), None);
            Ok(())
        };
        assert_eq!(outcome(work), Ok(()));
    }

    #[test]
    fn an_error_of_the_system_is_told_in_its_words() {
        let failure = outcome(|| Err(io::Error::from_raw_os_error(9))).expect_err("a failure");
        assert_eq!(failure.cause, Cause::Io);
        assert!(failure.place.contains("os error 9"), "{failure:?}");
    }
}
