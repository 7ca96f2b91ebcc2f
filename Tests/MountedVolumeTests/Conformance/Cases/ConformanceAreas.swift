enum ConformanceAreas {
    static let all: [ConformanceArea] = [
        OpenCases.area, TemporaryFileCases.area, ReadWriteCases.area,
        TruncateCases.area, DirectoryCases.area, LinkCases.area, RenameCases.area,
        ModeCases.area, PermissionCases.area, AccessControlCases.area, AttributeCases.area,
        TimeCases.area, NameCases.area, SpecialFileCases.area, LockCases.area, MappingCases.area,
        CopyCases.area, OtherCases.area,
    ]
}
