//! Object stores: `s3://`, `gs://`, `az://` and their kin.

use std::sync::{Arc, LazyLock};

use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, parse_url_opts};
use tokio::runtime::{Builder, Handle, Runtime};
use zarrs::storage::storage_adapter::async_to_sync::{
    AsyncToSyncBlockOn, AsyncToSyncStorageAdapter,
};
use zarrs_object_store::AsyncObjectStore;

use crate::place::{Cost, Place};

static RUNTIME: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.map_err(|error| error.to_string())
});

struct OnRuntime(Handle);

impl AsyncToSyncBlockOn for OnRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// The hierarchy at an address; credentials and endpoints come from the environment, named as the store's own
/// tools name them (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `AWS_SKIP_SIGNATURE`, `GOOGLE_SERVICE_ACCOUNT`, ...).
pub(crate) fn place(address: &str) -> Result<Place, String> {
    let url = address
        .parse()
        .map_err(|error| format!("{address}: {error}"))?;
    let known = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let (store, path) = parse_url_opts(&url, known).map_err(|error| error.to_string())?;
    over(PrefixStore::new(store, path), address)
}

/// The hierarchy that any object store holds at its root.
pub(crate) fn over(store: impl ObjectStore, address: &str) -> Result<Place, String> {
    let handle = RUNTIME.as_ref().map_err(Clone::clone)?.handle().clone();
    let store = Arc::new(AsyncObjectStore::new(store));
    let store = AsyncToSyncStorageAdapter::new(store, OnRuntime(handle));
    Ok(Place::listed(store, Cost::Much, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::{ObjectStoreExt, memory::InMemory};

    #[test]
    fn a_hierarchy_in_an_object_store_is_found_with_and_without_consolidated_metadata() {
        let array = r#"{"zarr_format": 2, "shape": [3], "chunks": [3], "dtype": "<i2", "compressor": null,
            "fill_value": 0, "order": "C", "filters": null}"#;
        let whole =
            format!(r#"{{"zarr_consolidated_format": 1, "metadata": {{"b/.zarray": {array}}}}}"#);
        for (extra, name) in [(None, "a"), (Some(whole), "b")] {
            let store = InMemory::new();
            let handle = RUNTIME.as_ref().unwrap();
            let put = |key: String, bytes: Vec<u8>| {
                handle
                    .block_on(store.put(&key.into(), bytes.into()))
                    .unwrap();
            };
            put(".zgroup".into(), br#"{"zarr_format": 2}"#.to_vec());
            put(format!("{name}/.zarray"), array.into());
            put(format!("{name}/0"), vec![1, 0, 2, 0, 3, 0]);
            if let Some(text) = extra {
                put(".zmetadata".into(), text.into());
            }
            let place = over(store, "s3://bucket/x.zarr").unwrap();
            let (source, (_, variables)) = crate::zarr_source::ZarrSource::open(&place).unwrap();
            let read = source.read(&variables[name], &[1..3]).unwrap();
            assert_eq!(read.into_f64().into_raw_vec_and_offset().0, [2.0, 3.0]);
        }
    }

    #[test]
    fn an_address_of_no_store_is_refused() {
        assert!(place("s3://").is_err());
        assert!(place("nothing").is_err());
    }
}
