//! Connects to the network, which is not there.

guests::launcher!(guests::description, |request| {
    let connected = std::net::TcpStream::connect("10.0.0.1:80");
    eprintln!("{connected:?}");
    Ok(guests::plan(request))
});
