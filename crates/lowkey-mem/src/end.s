@ Behind the functions: the names of frame.s are free again.

    .text
    .purgem function
    .purgem entry
    .purgem end
