enum ConformanceAreas {
    static let all: [ConformanceArea] = [
        OpenCases.area, TemporaryFileCases.area, ReadWriteCases.area,
        TruncateCases.area, DirectoryCases.area, LinkCases.area, RenameCases.area,
        ModeCases.area, PermissionCases.area, AccessControlCases.area, AttributeCases.area,
        TimeCases.area,
    ]
}
