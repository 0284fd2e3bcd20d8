//! Every error of the server's crates is one for `?`, for `Box<dyn Error>`, and for people.
use lowkey_gateway::{admin, events, forward, proxy};
use lowkey_registry::{keys, pairing, provision, rotation, rows};
use std::path::Path;
use test_support::{all_are_errors, errors::errors_of};

#[test]
fn every_error_says_what_is_wrong_and_none_is_forgotten() {
    let host = all_are_errors![
        lowkey_host::Error,
        lowkey_host::AcceptError,
        lowkey_host::DeviceError,
        lowkey_host::Unreachable,
        lowkey_host::NotEnrolled,
        lowkey_host::NotOpened,
        lowkey_host::NotPaired,
        lowkey_host::NotSent,
        lowkey_host::numbered::NoRow,
        lowkey_host::numbered::NotGiven,
        lowkey_host::NotStored,
        lowkey_host::numbered::Unstored,
    ];
    let registry = all_are_errors![
        lowkey_registry::RegistryError,
        lowkey_registry::text_file::TextError,
        keys::KeyFileError,
        keys::KeyTextError,
        provision::ProvisionError,
        rotation::RotationError,
        pairing::PairingError,
        rows::SharedError,
        rows::SheetError,
    ];
    let gateway = all_are_errors![
        events::NoEventId,
        admin::EndpointError,
        forward::ForwardError,
        forward::BackendError,
        proxy::Error,
        proxy::NetworkError,
    ];
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let lists =
        [("lowkey-host", &host[..]), ("lowkey-registry", &registry[..]), ("lowkey-gateway", &gateway[..])];
    for (name, listed) in lists {
        for error in errors_of(&crates.join(name).join("src")) {
            assert!(listed.contains(&&*error), "{name}: {error} is not in the list");
        }
    }
}
