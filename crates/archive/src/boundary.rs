//! The one place where a panic of a reading library becomes an error, and the one thread that calls NetCDF.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Once};
use std::thread;

thread_local! {
    /// Whether this thread is inside [`contained`].
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

type Job = Box<dyn FnOnce() + Send>;

/// Where NetCDF calls are queued; `None` where no thread could be started.
static NETCDF: LazyLock<Option<Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    let work = move || jobs.into_iter().for_each(|job| job());
    thread::Builder::new()
        .name("netcdf".to_owned())
        .spawn(work)
        .is_ok()
        .then_some(sender)
});

/// Runs library code that may panic on odd files; the panic's message comes back as the error.
///
/// Nothing is printed for such a panic; panics elsewhere are reported as before.
///
/// # Errors
/// What `call` returns, or the message of its panic.
pub fn contained<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |report| {
            if !INSIDE.get() {
                previous(report);
            }
        }));
    });
    let outer = INSIDE.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outer);
    result.unwrap_or_else(|payload| Err(message(payload.as_ref())))
}

/// [`contained`], on the thread of NetCDF.
///
/// HDF5 prints every error that it meets, also those that NetCDF only probes for, except on the thread that
/// called NetCDF first. One thread costs nothing, because the library has one global lock.
pub(crate) fn in_netcdf<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let Some(queue) = NETCDF.as_ref() else {
        return contained(call);
    };
    let (answer, result) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || _ = answer.send(contained(call)));
    queue.send(job).map_err(|error| error.to_string())?;
    result.recv().map_err(|error| error.to_string())?
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("the library failed without saying why")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_an_error() {
        let fail = || {
            let values: Vec<i32> = Vec::new();
            Ok(values[3])
        };
        for result in [contained(fail), in_netcdf(fail)] {
            assert!(result.unwrap_err().contains("index out of bounds"));
        }
        assert_eq!((contained(|| Ok(1)), in_netcdf(|| Ok(2))), (Ok(1), Ok(2)));
    }
}
