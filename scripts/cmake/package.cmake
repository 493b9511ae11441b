# cmake --install and the Debian package (cmake --workflow --preset package): the program, a systemd unit, a configuration file.
include(GNUInstallDirs)

# The dots and ats that systemd uses itself are not CMake's: only @NAME@ is replaced.
configure_file(${PROJECT_SOURCE_DIR}/scripts/package/signaller.service.in ${PROJECT_BINARY_DIR}/signaller.service @ONLY)

install(TARGETS signaller)
install(FILES ${PROJECT_BINARY_DIR}/signaller.service DESTINATION lib/systemd/system)
# Relative where it can be, for cmake --install --prefix; of /usr the configuration is in /etc.
set(configuration_dir ${CMAKE_INSTALL_SYSCONFDIR})
if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
    set(configuration_dir ${CMAKE_INSTALL_FULL_SYSCONFDIR})
endif()
# It is the administrator's once it is there, and for nobody else to read: secrets go into it.
install(CODE "
    set(configuration_dir \"${configuration_dir}/signaller\")
    cmake_path(ABSOLUTE_PATH configuration_dir BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\" NORMALIZE)
    if(NOT EXISTS \"\$ENV{DESTDIR}\${configuration_dir}/signaller.conf\")
        file(INSTALL \"${PROJECT_SOURCE_DIR}/scripts/package/signaller.conf\" DESTINATION \"\${configuration_dir}\"
            FILE_PERMISSIONS OWNER_READ OWNER_WRITE)
    endif()")
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME signaller)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WebRTC signalling server")
string(CONCAT CPACK_PACKAGE_DESCRIPTION "Carries session descriptions, ICE candidates, chat and bullet comments\n"
    "between browsers over WebSocket: peers meet in channels and send each\nother messages by short text commands.")
set(CPACK_PACKAGE_CONTACT "Signaller <signaller@localhost>")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# The libraries' packages and versions are read from the program; dpkg-shlibdeps comes with dpkg-dev.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/scripts/package/conffiles
    ${PROJECT_SOURCE_DIR}/scripts/package/postinst
    ${PROJECT_SOURCE_DIR}/scripts/package/prerm
    ${PROJECT_SOURCE_DIR}/scripts/package/postrm)
include(CPack)
