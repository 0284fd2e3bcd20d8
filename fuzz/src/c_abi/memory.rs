//! Storage as C gives it, with bytes around it that nobody may write.

use lowkey_c::lowkey_status;

/// What lies around storage, and in an output before a call.
const GUARD: u8 = 0x5a;
const MARGIN: usize = 64;

/// Bytes of an object or a buffer, reached by pointers only: references to them belong to the library.
pub(super) struct Storage {
    start: *mut u64,
    words: usize,
    len: usize,
}

impl Storage {
    /// `len` zeros, aligned as an object.
    pub(super) fn new(len: usize) -> Self {
        let words = (MARGIN + len).div_ceil(8) + MARGIN / 8;
        let start = Box::into_raw(vec![u64::from_ne_bytes([GUARD; 8]); words].into_boxed_slice()).cast();
        let storage = Self { start, words, len };
        // SAFETY: `len` bytes lie behind the margin.
        unsafe { storage.at().write_bytes(0, len) };
        storage
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn at(&self) -> *mut u8 {
        self.start.cast::<u8>().wrapping_add(MARGIN)
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        assert!(bytes.len() <= self.len);
        // SAFETY: as in `new`.
        unsafe { self.at().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    pub(super) fn read(&self, len: usize) -> Vec<u8> {
        assert!(len <= self.len);
        // SAFETY: as in `new`; all of it was written once.
        unsafe { std::slice::from_raw_parts(self.at(), len) }.to_vec()
    }

    /// Nobody has written beside it.
    pub(super) fn check(&self) {
        let bytes = self.words * 8;
        for at in (0..MARGIN).chain(MARGIN + self.len..bytes) {
            // SAFETY: within the allocation, and written once.
            let byte = unsafe { self.start.cast::<u8>().add(at).read() };
            assert_eq!(byte, GUARD, "a byte beside {} was written", self.len);
        }
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.check();
        let words = std::ptr::slice_from_raw_parts_mut(self.start, self.words);
        // SAFETY: made by `Box::into_raw` in `new`.
        drop(unsafe { Box::from_raw(words) });
    }
}

/// Where a call puts a result; NULL if the script says so.
pub(super) struct Out {
    storage: Storage,
    null: bool,
}

impl Out {
    pub(super) fn new(len: usize) -> Self {
        let storage = Storage::new(len);
        storage.write(&vec![GUARD; len]);
        Self { storage, null: false }
    }

    pub(super) fn or_null(len: usize, null: bool) -> Self {
        Self { null, ..Self::new(len) }
    }

    pub(super) fn at<T>(&self) -> *mut T {
        assert!(size_of::<T>() <= self.storage.len());
        if self.null { std::ptr::null_mut() } else { self.storage.at().cast() }
    }

    pub(super) fn get<const N: usize>(&self) -> [u8; N] {
        self.storage.read(N).try_into().expect("as many")
    }

    pub(super) fn usize(&self) -> usize {
        usize::from_ne_bytes(self.get())
    }

    pub(super) fn pointer(&self) -> *mut u8 {
        // SAFETY: a call has put a pointer there; reading it as one keeps where it came from.
        unsafe { self.storage.at().cast::<*mut u8>().read() }
    }

    /// A call that failed has left it as it was.
    pub(super) fn check(&self, status: lowkey_status) {
        self.storage.check();
        if status != lowkey_status::LOWKEY_OK || self.null {
            let len = self.storage.len();
            assert_eq!(self.storage.read(len), vec![GUARD; len], "an output after {status:?}");
        }
        assert!(!self.null || status != lowkey_status::LOWKEY_OK, "NULL for an output");
    }
}
