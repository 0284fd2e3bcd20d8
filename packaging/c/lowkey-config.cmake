# find_package(lowkey) gives the library lowkey::lowkey.
get_filename_component(lowkey_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET lowkey::lowkey)
  add_library(lowkey::lowkey STATIC IMPORTED)
  set_target_properties(lowkey::lowkey PROPERTIES
    IMPORTED_LOCATION "${lowkey_prefix}/lib/liblowkey.a"
    IMPORTED_LINK_INTERFACE_LANGUAGES C
    INTERFACE_INCLUDE_DIRECTORIES "${lowkey_prefix}/include")
endif()

unset(lowkey_prefix)
