#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace transport {

/// A directory of its own with certificates, made by the openssl program; gone at the end.
class certificate_directory {
public:
    certificate_directory();
    ~certificate_directory();
    certificate_directory(const certificate_directory&) = delete;
    certificate_directory& operator=(const certificate_directory&) = delete;

    /// `name`.pem and `name`.key: self-signed, for CN=`subject`. `kind` as `openssl req -newkey` takes it;
    /// `alternative` such as "IP:127.0.0.1".
    void make(const std::string& name, const std::string& subject, const std::string& kind = "ec",
              const std::string& alternative = {}) const;
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    /// Puts the files of `from` in the place of those of `to`.
    void replace(const std::string& to, const std::string& from) const;
    void write(const std::string& name, const std::string& content) const;

    /// `--tls-certificate` and `--tls-key` for that name, and more.
    [[nodiscard]] std::vector<std::string> options(const std::string& name,
                                                   const std::vector<std::string>& more = {}) const;

private:
    std::filesystem::path path_;
};

}  // namespace transport
